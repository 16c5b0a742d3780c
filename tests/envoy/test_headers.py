from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tulle.envoy import headers
from tulle.envoy.actions import Route
from tulle.model.routes import HeaderChanges

NAMES = st.sampled_from(["x-a", "X-A", "x-b"])
PAIRS = st.lists(st.tuples(NAMES, st.sampled_from("12")), max_size=2).map(tuple)
CHANGES = st.one_of(
    st.none(), st.builds(HeaderChanges, set=PAIRS, add=PAIRS, remove=st.lists(NAMES, max_size=1).map(tuple))
)
Values = dict[str, list[str]]


def meant(changes: HeaderChanges | None, values: Values) -> Values:
    """What the model says: set, then add, then remove."""
    found = {name: list(each) for name, each in values.items()}
    for name, value in changes.set if changes else ():
        found[name.lower()] = [value]
    for name, value in changes.add if changes else ():
        found.setdefault(name.lower(), []).append(value)
    for name in changes.remove if changes else ():
        found.pop(name.lower(), None)
    return found


def done(changes: HeaderChanges | None, values: Values) -> Values:
    """What Envoy does: remove, then set and add in the order of the list."""
    message = Route()
    headers.change(changes, changes, message)
    assert message.request_headers_to_add == message.response_headers_to_add
    found = {name: list(each) for name, each in values.items()}
    for name in message.request_headers_to_remove:
        found.pop(name.lower(), None)
    for option in message.request_headers_to_add:
        appends = option.append_action == option.APPEND_IF_EXISTS_OR_ADD
        before = found.get(option.header.key.lower(), []) if appends else []
        found[option.header.key.lower()] = [*before, option.header.value]
    return found


@given(CHANGES)
def test_envoy_does_what_was_meant(changes: HeaderChanges | None) -> None:
    before = {"x-a": ["0"]}
    assert done(changes, before) == meant(changes, before)


@given(CHANGES, CHANGES)
def test_two_changes_are_one(first: HeaderChanges | None, then: HeaderChanges | None) -> None:
    before = {"x-a": ["0"]}
    assert done(headers.merged(first, then), before) == meant(then, meant(first, before))


def test_the_host_is_no_header() -> None:
    changes = HeaderChanges(set=(("Host", "other"), (":path", "/x")), add=((":authority", "x"),), remove=("host",))
    assert done(changes, {}) == {}
    assert headers.host(changes) == "other"
    assert headers.host(None) == ""
