from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.sequences import MOST_PLACES, Ranked, differing, ranks_between

THINGS = [object() for _ in range(6)]
SOME = st.lists(st.sampled_from(THINGS), max_size=8)


@given(SOME, SOME)
def test_what_differs_turns_one_sequence_into_the_other(before: list[object], now: list[object]) -> None:
    made = list(before)
    for start, stop, first, last in reversed(differing(before, now)):
        made[start:stop] = now[first:last]
    assert made == now
    assert not differing(now, now)


def test_few_replaced_things_are_single_places_and_many_one_span() -> None:
    before = [object() for _ in range(1000)]
    now = list(before)
    now[7], now[990] = object(), object()
    assert differing(before, now) == ((7, 8, 7, 8), (990, 991, 990, 991))
    assert differing(before, [*now[:7], *now[8:]]) == ((7, 991, 7, 990),)
    now[7 : 8 + MOST_PLACES] = [object() for _ in range(MOST_PLACES + 1)]
    assert differing(before, now) == ((7, 991, 7, 991),)


def test_ranks_fit_between_others_as_long_as_there_is_room() -> None:
    assert ranks_between(10, 20, 4) == [12, 14, 16, 18]
    assert ranks_between(10, 12, 4) is None
    for low, high in ((None, None), (5, None), (None, 5)):
        ranks = ranks_between(low, high, 3)
        assert ranks is not None and ranks == sorted(set(ranks))
        assert low is None or low < ranks[0]
        assert high is None or ranks[-1] < high


KEYS = st.integers(0, 5)
GROUPS = st.dictionaries(KEYS, st.tuples(st.integers(), st.lists(st.integers(), max_size=2).map(tuple)), max_size=5)


@given(st.lists(st.tuples(st.lists(KEYS, max_size=3), GROUPS), max_size=5), st.booleans())
def test_groups_stand_in_the_order_of_their_ranks(
    steps: list[tuple[list[int], dict[int, tuple[int, tuple[int, ...]]]]], is_many: bool
) -> None:
    ranked: Ranked[int, int] = Ranked()
    known: dict[int, tuple[int, tuple[int, ...]]] = {}
    for step, (gone, groups) in enumerate(steps):
        # Every rank is that of one group only.
        distinct = {key: (rank * 1000 + step * 100 + key, group) for key, (rank, group) in groups.items()}
        if is_many:
            distinct |= {100 + index: (index - 10**6, (index,)) for index in range(MOST_PLACES + 1)}
        ranked.update(gone, distinct)
        known = {key: found for key, found in known.items() if key not in gone} | distinct
        expected = tuple(thing for _, group in sorted(known.values()) for thing in group)
        assert ranked.together == expected
        before = ranked.together
        ranked.update((), {})
        assert ranked.together is before
