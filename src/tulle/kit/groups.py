"""Members of groups, in little memory: there are very many groups, and nearly all of them have one member or two."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Member = TypeVar("Member", bound=Hashable)
FEW = 8
"""Members that are kept in a tuple, which takes a quarter of the memory of a set or a dictionary."""


class Groups(Generic[Key, Member]):
    """Members by key, in the order in which they were added. A group without members is none."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: dict[Key, tuple[Member, ...] | dict[Member, None]] = {}

    def add(self, key: Key, member: Member) -> None:
        """Put a member into a group, at its end; it may be there already."""
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = (member,)
        elif isinstance(group, dict):
            group[member] = None
        elif member not in group:
            more = (*group, member)
            self._groups[key] = more if len(more) <= FEW else dict.fromkeys(more)

    def remove(self, key: Key, member: Member) -> None:
        """Take a member out of its group.

        Raises:
            KeyError: it is not there.
        """
        group = self._groups[key]
        if isinstance(group, dict):
            del group[member]
        elif member in group:
            group = self._groups[key] = tuple(each for each in group if each != member)
        else:
            raise KeyError(member)
        if not group:
            del self._groups[key]

    def get(self, key: Key) -> Collection[Member]:
        """The members of a group; not to be kept, as a large one changes with it."""
        return self._groups.get(key, ())

    def items(self) -> Iterator[tuple[Key, Collection[Member]]]:
        """Every group."""
        return iter(self._groups.items())

    def __contains__(self, key: Key) -> bool:
        return key in self._groups

    def __iter__(self) -> Iterator[Key]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)
