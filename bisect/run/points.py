"""What a driver and a journal must know of a search's points: how one is written down, and what it is called."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ..search.subsets import ENDS

P = TypeVar("P", bound=Hashable)
Subset = frozenset[str]
_SPELT = 2  # of so many points a set is called by their names


class Points(Protocol[P]):
    """The points of one axis; `what` they are, in the plural."""

    @property
    def what(self) -> str:
        """The plural that "300 … left" needs."""
        ...

    def written(self, point: P) -> Any:
        """The point as plain data, for the journal."""
        ...

    def read(self, value: Any) -> P:
        """The point that `written` wrote."""
        ...

    def label(self, point: P) -> str:
        """What a person calls it."""
        ...

    def folder(self, point: P) -> str:
        """A word for the name of the folder that keeps its output."""
        ...


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits, by their full ids."""

    what: str = "commits"

    def written(self, point: str) -> str:
        """The id itself."""
        return point

    def read(self, value: Any) -> str:
        """The id itself."""
        return str(value)

    def label(self, point: str) -> str:
        """Twelve digits, as git's own short ids but long enough for any history."""
        return point[:12]

    def folder(self, point: str) -> str:
        """The same twelve."""
        return point[:12]


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of `names`, `what` they are; `ends` are what the empty and the full set are called.

    Written as what is in one or what is not, whichever is shorter.
    """

    names: tuple[str, ...]
    what: str = "points"
    ends: tuple[str, str] = ENDS

    def written(self, point: Subset) -> dict[str, list[str]]:
        """{"only": names} or {"without": names}, in the order of the axis."""
        inside, outside = self._split(point)
        return {"only": inside} if len(inside) <= len(outside) else {"without": outside}

    def read(self, value: Any) -> Subset:
        """The set that `written` wrote."""
        if "only" in value:
            return frozenset(value["only"])
        return frozenset(self.names) - frozenset(value["without"])

    def label(self, point: Subset) -> str:
        """Few names, or how many of all; the words of the evidence."""
        inside, outside = self._split(point)
        if not inside or not outside:
            return self.ends[1] if inside else self.ends[0]
        if len(inside) <= _SPELT:
            return "only " + ", ".join(inside)
        if len(outside) <= _SPELT:
            return "everything without " + ", ".join(outside)
        return f"{len(inside)} of {len(self.names)}"

    def folder(self, point: Subset) -> str:
        """How many they are: names of files are no words for a folder."""
        return f"{len(point)}-of-{len(self.names)}"

    def _split(self, point: Subset) -> tuple[list[str], list[str]]:
        return [n for n in self.names if n in point], [n for n in self.names if n not in point]
