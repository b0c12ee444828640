"""Searches along an axis without an order, as their journals tell them: files and variables, flags, edits.

The header names every point, so that what was kept can be judged again where the files themselves are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..search.subsets import ENDS, SubsetSearch
from .conduct import Asked
from .journal import Journal
from .points import Sets, Subset
from .probe import Probe
from .question import Question


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an axis makes the search: the points, what they are, which belong together, how they are searched.

    `ends` are what none and all of them are called.
    """

    what: str
    points: tuple[str, ...]
    groups: Mapping[str, str] | None = None
    every: bool = True
    repair: bool = False
    ends: tuple[str, str] = ENDS

    def as_dict(self) -> dict[str, Any]:
        """For the header of a journal."""
        groups = dict(self.groups) if self.groups is not None else None
        return {
            "what": self.what,
            "points": list(self.points),
            "groups": groups,
            "every": self.every,
            "repair": self.repair,
            "ends": list(self.ends),
        }


def asked_of_sets(head: Mapping[str, Any], probe: Probe, hints: tuple[str, ...]) -> Asked[Subset]:
    """What the search with this header asks: nothing against everything first, then the sets between."""
    names, ends = tuple(head["points"]), (str(head["ends"][0]), str(head["ends"][1]))
    search = SubsetSearch(
        names, groups=head["groups"], hints=hints, every=head["every"], repair=head["repair"], ends=ends
    )
    nothing, everything = (frozenset[str](),), (frozenset(names),)
    good, bad = (everything, nothing) if head["repair"] else (nothing, everything)
    return Asked(Sets(names, head["what"], ends), search, Question(probe, good, bad))


def hints_of(book: Journal) -> tuple[str, ...]:
    """The points that a watched run was seen to read, as the journal holds them."""
    seen = watched(book)
    return tuple(seen["hints"]) if seen and seen["first"] else ()


def watched(book: Journal) -> dict[str, Any] | None:
    """What a run that was watched read, if there was one: `hints` by name, `said` in sentences by point."""
    return next((e for e in book.events if e["event"] == "watched"), None)
