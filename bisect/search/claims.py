"""From a settled search to its result, with the sentences that prove it."""

from __future__ import annotations

from collections.abc import Sequence

from ..verdict import Candidates, Culprit, Flaky, Kind, NotHere, Result, Several
from .focus import Focus
from .graph import History
from .tally import State, Tally


def hopeless(tally: Tally[str], old: Sequence[str], new: str, points: Sequence[str], repair: bool) -> Result | None:
    """A result that needs no search: a point that contradicts itself, or ends that do not differ."""
    mixed = tally.mixed()
    if mixed is not None:
        evidence = (tally.say(mixed, mixed), "the same point answered differently")
        return Flaky(mixed, tally.count(mixed, Kind.GOOD), tally.count(mixed, Kind.BAD), evidence)
    if any(tally.state(p) is State.UNTESTED for p in (new, *old)):
        return None
    ends = tuple(tally.say(p, p) for p in dict.fromkeys((new, *old)))
    before, after = (State.BAD, State.GOOD) if repair else (State.GOOD, State.BAD)
    if tally.state(new) is before or all(tally.state(p) is after for p in old):
        return NotHere(("both ends agree", *ends))
    if tally.state(new) is State.SKIPPED or not any(tally.state(p) is before for p in old):
        unjudged = tuple(p for p in (new, *old) if tally.state(p) is State.SKIPPED)
        return Candidates(tuple(points), unjudged, ("an end could not be judged, nothing was ruled out", *ends))
    return None


def conclude(history: History, tally: Tally[str], foci: Sequence[Focus], repair: bool) -> Result:
    """The result of a search of which every accused point is settled."""
    evidence = tuple(dict.fromkeys(s for f in foci for s in _evidence(history, tally, f, repair)))
    evidence += _bygone(history, tally, foci, repair)
    inside = [f for f in foci if f.accused not in history.edge]
    if not inside:
        return NotHere(("the change lies before the searched part of the history", *evidence))
    if any(len(f.claim) > 1 for f in inside):
        points = sorted({i for f in inside for i in f.claim})
        skipped = sorted({i for f in inside for i in f.claim - {f.accused}})
        return Candidates(_names(history, points), _names(history, skipped), evidence)
    if len(inside) > 1:
        return Several(tuple((history.names[f.accused],) for f in inside), evidence)
    (only,) = inside
    return Culprit(history.names[only.accused], _names(history, history.parents[only.accused]), evidence)


def _evidence(history: History, tally: Tally[str], found: Focus, repair: bool) -> list[str]:
    def say(i: int) -> str:
        return tally.say(history.names[i], history.names[i])

    said = [say(found.accused), *(say(i) for i in sorted(found.border))]
    said += [say(i) for i in sorted(found.claim - {found.accused} - found.given_up)]
    if found.given_up:
        said.append(f"{len(found.given_up)} more lie enclosed by points that could not be tried, and were not tried")
    said += [f"nothing is known about what comes before {history.names[i]}" for i in sorted(found.edge)]
    return said + _doubtful(history, tally, found, repair)


def _doubtful(history: History, tally: Tally[str], found: Focus, repair: bool) -> list[str]:
    """Skipped points from which an unchanged one descends: less likely, unless that one repaired it."""
    before = State.BAD if repair else State.GOOD
    said: list[str] = []
    for i in sorted(found.claim - {found.accused}):
        later = [j for j in history.forth([i]) if tally.state(history.names[j]) is before]
        if later:
            said.append(f"{history.names[i]} is less likely: {history.names[min(later)]} descends from it")
    return said


def _bygone(history: History, tally: Tally[str], foci: Sequence[Focus], repair: bool) -> tuple[str, ...]:
    """Changed points that do not explain the new end: the change came, went, and came again."""
    after = State.GOOD if repair else State.BAD
    explained = {i for f in foci for i in history.forth(f.claim) | f.explains}
    gone = [n for i, n in enumerate(history.names) if i not in explained and tally.state(n) is after]
    word = "good" if repair else "bad"
    return tuple(f"{n} is {word}, but that came and went before" for n in gone)


def _names(history: History, indices: Sequence[int]) -> tuple[str, ...]:
    return tuple(history.names[i] for i in indices)
