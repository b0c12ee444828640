"""Which axis to search: decided from four corners (good or bad commit, where it failed or in an empty place).

Pure: verdicts in, a decision with its reason out. Both commits are tried in both places first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .verdict import Kind, Verdict


class Axis(StrEnum):
    """What differs between where it is good and where it is bad."""

    COMMITS = "commits"
    AMBIENT = "ambient"
    ENVIRONMENT = "environment"
    BOTH = "commits and ambient"
    COMMITS_HERE = "commits, with the files present"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Corners:
    """The verdicts at the four corners, and of a place without files and without the user's environment.

    `good_*` are None where no good commit is known; `bare` is None where it was not tried.
    """

    bad_here: Verdict
    bad_empty: Verdict
    good_here: Verdict | None = None
    good_empty: Verdict | None = None
    bare: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The axis to search along and why, in one sentence."""

    axis: Axis
    why: str


_EMPTY_FAILS = "in an empty directory they cannot be judged"
_SAY_NEEDS = "Files that the programs need and no argument names belong into needs = [...] of firstbad.toml"


def needs_bare(corners: Corners) -> bool:
    """Whether the failure persists without files at the good commit, so that only the environment is left."""
    oldest = corners.good_empty or corners.bad_empty
    return oldest.kind is Kind.BAD


def choose(corners: Corners) -> Choice:
    """The axis that can explain the four corners; NONE with the reason where none can."""
    here, empty = corners.bad_here.kind, corners.bad_empty.kind
    if here is not Kind.BAD and empty is not Kind.BAD:
        return Choice(Axis.NONE, "the failure does not come, neither here nor in an empty directory")
    if corners.good_here is None or corners.good_empty is None:
        return _without_history(corners)
    return _with_history(corners, corners.good_here, corners.good_empty)


def _without_history(corners: Corners) -> Choice:
    if corners.bad_empty.kind is Kind.GOOD:
        return Choice(Axis.AMBIENT, "it is bad in this directory and good in an empty one")
    if corners.bare is not None and corners.bare.kind is Kind.GOOD:
        return Choice(Axis.ENVIRONMENT, "it is good only without your environment variables")
    if not corners.bad_empty.decides:
        why = f"in an empty directory it cannot be judged: {corners.bad_empty.reason}. {_SAY_NEEDS}"
        return Choice(Axis.NONE, why)
    return Choice(Axis.NONE, "it is bad also in an empty directory, and no good commit is named to search between")


def _with_history(corners: Corners, good_here: Verdict, good_empty: Verdict) -> Choice:
    here, empty = corners.bad_here.kind, corners.bad_empty.kind
    old_here, old_empty = good_here.kind, good_empty.kind
    bad, good = Kind.BAD, Kind.GOOD
    if old_empty is good and empty is bad:
        if old_here is bad:
            return Choice(Axis.BOTH, "the commits differ in an empty directory, and this directory adds to it")
        return Choice(Axis.COMMITS, "in an empty directory the good commit is good and the bad one is bad")
    if empty is good and here is bad and old_here is bad:
        return Choice(
            Axis.AMBIENT,
            "both commits are bad here and good in an empty directory, so no commit did it",
        )
    if empty is good and here is bad and old_here is good:
        return Choice(Axis.COMMITS_HERE, "only the bad commit is bad, and only with the files that lie here")
    if here is bad and old_here is good and not (good_empty.decides and corners.bad_empty.decides):
        return Choice(Axis.COMMITS_HERE, f"here the good commit is good and the bad one is bad; {_EMPTY_FAILS}")
    if old_empty is bad and corners.bare is not None and corners.bare.kind is good:
        return Choice(Axis.ENVIRONMENT, "it is good only without your environment variables")
    if old_empty is bad:
        return Choice(Axis.NONE, "the good commit is bad too, also in an empty directory")
    return Choice(Axis.NONE, _undecided(corners, good_here, good_empty))


def _undecided(corners: Corners, good_here: Verdict, good_empty: Verdict) -> str:
    named = {
        "the bad commit here": corners.bad_here,
        "the bad commit in an empty directory": corners.bad_empty,
        "the good commit here": good_here,
        "the good commit in an empty directory": good_empty,
    }
    stuck = [f"{name}: {v.kind} ({v.reason})" for name, v in named.items() if not v.decides]
    if not stuck:
        return "the ends fit no single cause"
    return f"not every end could be judged: {'; '.join(stuck)}. {_SAY_NEEDS}"
