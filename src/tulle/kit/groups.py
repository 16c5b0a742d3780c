"""Members of groups, in little memory: there are very many groups, and nearly all of them have one member or two."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Member = TypeVar("Member", bound=Hashable)
FEW = 8
"""Members that are kept in a tuple, which takes a quarter of the memory of a set or a dictionary."""


class _Few(tuple[Member, ...]):
    """Several members: one alone stands for itself, and may be a tuple."""

    __slots__ = ()


class Groups(Generic[Key, Member]):
    """Members (not None) by key, in the order in which they were added. A group without members is none."""

    __slots__ = ("_groups",)

    def __init__(self) -> None:
        self._groups: dict[Key, Member | _Few[Member] | dict[Member, None]] = {}

    def add(self, key: Key, member: Member) -> None:
        """Put a member into a group, at its end; it may be there already."""
        group = self._groups.setdefault(key, member)
        if group is member:
            return
        if isinstance(group, dict):
            group[member] = None
        elif member not in (members := _members(group)):
            more = _Few((*members, member))
            self._groups[key] = more if len(more) <= FEW else dict.fromkeys(more)

    def remove(self, key: Key, member: Member) -> None:
        """Take a member out of its group.

        Raises:
            KeyError: it is not there.
        """
        group = self._groups[key]
        if isinstance(group, dict):
            del group[member]
            if not group:
                del self._groups[key]
            return
        members = _members(group)
        if member not in members:
            raise KeyError(member)
        rest = _Few(each for each in members if each != member)
        if not rest:
            del self._groups[key]
        else:
            self._groups[key] = rest if len(rest) > 1 else rest[0]

    def discard(self, key: Key, member: Member) -> None:
        """Take a member out of its group, if it is there."""
        if member in self.get(key):
            self.remove(key, member)

    def pop(self, key: Key) -> Collection[Member]:
        """The members of a group, which is taken away."""
        group = self._groups.pop(key, None)
        return () if group is None else _members(group)

    def get(self, key: Key) -> Collection[Member]:
        """The members of a group; not to be kept, as a large one changes with it."""
        group = self._groups.get(key)
        return () if group is None else _members(group)

    def items(self) -> Iterator[tuple[Key, Collection[Member]]]:
        """Every group."""
        return ((key, _members(group)) for key, group in self._groups.items())

    def __contains__(self, key: Key) -> bool:
        return key in self._groups

    def __iter__(self) -> Iterator[Key]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)


def _members(group: Member | _Few[Member] | dict[Member, None]) -> Collection[Member]:
    return group if isinstance(group, _Few | dict) else (group,)
