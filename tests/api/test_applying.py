"""From what is sent to what is stored: the text of each part says the same as it did among the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tulle.api.applying import Sent, read, text_of
from tulle.dialects import registry
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name
from tulle.sources.store import document

SHOP = """\
# The shop.
namespace: shop

services:
  # What customers see.
  # (two lines)
  web:
    command: python -m http.server $PORT  # serve
    port: 80

    env:
      GREETING: "on"

  # Behind it.
  db: {command: run, port: 81}
routes:
# The front door.
- host: shop.test
  to: web
- host: api.test
  to: db
---
gateway:
  listeners:
    http: {port: 18080}
"""


def test_each_part_is_kept_with_its_comments_and_can_stand_alone() -> None:
    reading = read([Sent(text=SHOP, path="shop.yaml", folder="/srv")])
    assert reading.is_usable, [str(finding) for finding in reading.findings]
    texts = {f"{stored.key.kind}/{stored.key.name.name}": stored.text for stored in reading.objects}
    assert texts["native/service/web"] == (
        'namespace: "shop"\n'
        "services:\n"
        "  # What customers see.\n"
        "  # (two lines)\n"
        "  web:\n"
        "    command: python -m http.server $PORT  # serve\n"
        "    port: 80\n"
        "\n"
        "    env:\n"
        '      GREETING: "on"\n'
    )
    assert texts["native/service/db"] == (
        'namespace: "shop"\nservices:\n  # Behind it.\n  db: {command: run, port: 81}\n'
    )
    front = next(text for name, text in texts.items() if "shop.test" in name)
    assert front == 'namespace: "shop"\nroutes:\n  # The front door.\n  - host: shop.test\n    to: web\n'
    assert texts["native/listener/http"] == "gateway:\n  listeners:\n    http: {port: 18080}\n"
    assert {stored.folder for stored in reading.objects} == {"/srv"}


def test_what_was_stored_reads_the_same_and_can_be_sent_again() -> None:
    reading = read([Sent(text=SHOP)])
    for stored in reading.objects:
        again = document(stored)
        assert not registry.read(again).findings
        parts, wrong = registry.split(Document(again.origin, Key(registry.FILE, Name("n", "x")), again.data))
        assert not wrong and [part.key for part in parts] == [stored.key]
    twice = read([Sent(text=stored.text, path=f"{n}") for n, stored in enumerate(reading.objects)])
    assert twice == reading


def test_parts_in_flow_style_or_with_aliases_are_written_anew() -> None:
    text = "x: &port 80\nservices: {web: {command: run, port: *port, env: {A: 'on', B: '1e3', C: ''}}}\n"
    data = parse(text)
    assert isinstance(data, LocatedMap)
    alone = LocatedMap(1)
    alone.put("services", data["services"], 1)
    written = text_of(alone, text.split("\n"))
    assert parse(written) == alone and "*port" not in written


def test_findings_name_file_and_line_as_they_were_sent() -> None:
    reading = read(
        [
            Sent(text="services:\n  web: {command: run, prot: 80}\n", path="a.yaml"),
            Sent(text="# nothing\n---\n- list\n---\nservices:\n  x: [\n", path="b.yaml"),
        ]
    )
    places = sorted({str(finding.origin) for finding in reading.findings})
    assert places[:2] == ["a.yaml:2", "b.yaml:3"] and places[2].startswith("b.yaml:")
    assert not reading.is_usable


def test_an_object_that_is_sent_twice_is_refused() -> None:
    one = "services:\n  web: {command: run, port: 80}\n"
    reading = read([Sent(text=one, path="a.yaml"), Sent(text="\n" + one, path="b.yaml")])
    assert [str(finding) for finding in reading.findings] == [
        "b.yaml:3: error: service web is sent twice (first at a.yaml:2); send it once"
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n", "null\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert read([Sent(text=text)]).objects == ()


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-1000, 1000), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12),
    st.sampled_from(["on", "1e3", "0o17", "1:30", "~", "a: b", "# x", "- x", "x\ny\n", " x", "'", '"', "*a", "---"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab#:- ", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_line_ends_that_we_count_otherwise_than_yaml_do_no_harm() -> None:
    text = "services:\r  web:\r    port: 80\r"
    data = parse(text)
    assert isinstance(data, LocatedMap)
    part = LocatedMap(9)
    part.put("services", data["services"], 9)
    assert parse(text_of(part, text.split("\n"))) == part


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["web", "db", "x-1"]), values, min_size=1), st.booleans(), st.integers(1, 8))
def test_any_part_says_the_same_alone(services: dict[str, Any], is_flow: bool, indent: int) -> None:
    text = yaml.safe_dump({"services": services}, default_flow_style=is_flow, indent=indent, allow_unicode=True)
    data = parse(text)
    assert isinstance(data, LocatedMap)
    for name, value in data["services"].items():
        line = data["services"].lines[name]
        part, inner = LocatedMap(line), LocatedMap(line)
        inner.put(name, value, line)
        part.put("services", inner, line)
        alone = parse(text_of(part, text.split("\n")))
        assert json.dumps(alone) == json.dumps(part)


def test_a_part_is_read_with_the_place_where_it_was_sent() -> None:
    text = "services:\n  web:\n    command: run\n    port: 80\n"
    data = parse(text)
    assert isinstance(data, LocatedMap)
    whole = Document(Origin("file", "m.yaml", Anchor(1)), Key(registry.FILE, Name("n", "m")), data)
    (part,), _ = registry.split(whole)
    assert text_of(part.data, text.split("\n")) == text


OBJECTS = """\
---
# The shop.
apiVersion: v1
kind: Service
metadata: {name: shop}  # serve
spec: {ports: [{port: 80}], sessionAffinity: ClientIP}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata:
    name: shop
- apiVersion: v1
  kind: Event
"""


def test_objects_are_kept_with_their_comments_and_lists_are_cut() -> None:
    reading = read([Sent(text=OBJECTS, path="shop.yaml")])
    assert reading.is_usable
    texts = {stored.key.kind: stored.text for stored in reading.objects}
    assert texts["core/service"] == OBJECTS[4:].partition("---")[0]
    assert texts["core/namespace"] == "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
    assert [str(finding).partition(": ")[0] for finding in reading.findings] == ["shop.yaml:6", "shop.yaml:15"]
    (service,) = (document(stored) for stored in reading.objects if stored.key.kind == "core/service")
    (finding,) = registry.read(service).findings
    assert service.origin.line == 2 and finding.origin.line == 5
