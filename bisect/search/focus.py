"""Where an ordered search stands: which point is accused now, what could still replace it, what must be
tried.

Two things are kept apart. *What is asked* trusts that a change stays once it came, so that ancestors of a
good point are passed over: that makes the search fast. *What is claimed* trusts nothing: the accused point
was seen changed, and walking back from it through points that could not be tried ends at points that were all
seen unchanged. Then, whatever was reverted or repaired elsewhere, one point in between is changed and has
only unchanged parents: take the earliest changed one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .graph import History
from .tally import State

StateOf = Callable[[int], State]


@dataclass(frozen=True, slots=True)
class Focus:
    """One accused point (indices as in History).

    `suspects`: may be the culprit, tried or not. `live`: may be the culprit or an ancestor of it, untested.
    `audit`: must be tried before the claim holds. `region`: every point between the accused one and the
    unchanged ones; `explains`: the same from the starting point. `claim`: the accused one and the
    skipped points behind it. `border`: the unchanged points around the claim. `edge`: points of the claim or
    changed points beyond which nothing is known. `given_up`: untried, enclosed by points that cannot be
    tried.
    """

    accused: int
    suspects: frozenset[int]
    live: frozenset[int]
    audit: frozenset[int]
    region: frozenset[int]
    explains: frozenset[int]
    claim: frozenset[int]
    border: frozenset[int]
    edge: frozenset[int]
    given_up: frozenset[int]
    skips: int

    @property
    def settled(self) -> bool:
        """Whether nothing is left to try before the claim."""
        return not self.live and not self.audit


def focus(history: History, state: StateOf, start: int, patience: int) -> Focus:
    """The earliest changed point that explains `start`, and what is open about it.

    A changed point explains `start` if a path leads there without an unchanged point; the others came and
    went before. BAD means changed and GOOD unchanged here; `start` itself is taken for changed.
    """
    explains = _open(history, state, start)
    bads = sorted({i for i in explains if state(i) is State.BAD} | {start})
    accused = bads[0]
    region = _open(history, state, accused) if accused != start else explains
    passed = _passed(history, state, accused)
    suspects = _narrow(history, region - passed - history.edge, bads[1:], state)
    skipped = {i for i in region if state(i) is State.SKIPPED}
    enclosed = _enclosed(history, state, region, accused) if len(skipped) > 1 else set[int]()
    given_up = enclosed if len(skipped) >= patience else set[int]()
    untried = {i for i in suspects if state(i) is State.UNTESTED and i != accused} - given_up
    live = untried - enclosed or untried
    claim = history.back([accused], lambda i: state(i) is State.SKIPPED or i in given_up)
    behind = {p for i in claim for p in history.parents[i]} - claim
    claim_set = frozenset(claim)
    audit = {p for p in behind if state(p) is State.UNTESTED}
    if not live:
        audit |= _exits(history, state, claim - {accused}, explains, accused) - passed
    return Focus(
        accused,
        frozenset(suspects | claim) if live or audit else claim_set,
        frozenset(live),
        frozenset(audit),
        frozenset(region),
        frozenset(explains),
        claim_set,
        frozenset(p for p in behind if state(p) is State.GOOD),
        frozenset(i for i in claim | behind if i in history.edge and state(i) is not State.GOOD),
        frozenset(given_up & claim),
        len(skipped),
    )


def _open(history: History, state: StateOf, start: int) -> set[int]:
    """`start` and what leads to it without passing a point seen unchanged; untried edges stay out."""

    def through(i: int) -> bool:
        seen = state(i)
        return seen is not State.GOOD and not (i in history.edge and seen is State.UNTESTED)

    return history.back([start], through)


def _passed(history: History, state: StateOf, accused: int) -> set[int]:
    """Ancestors of unchanged points, except of those after the accused one: there it was repaired."""
    goods = [i for i in range(len(history.names)) if state(i) is State.GOOD]
    later = history.forth([accused])
    return history.back([i for i in goods if i not in later])


def _narrow(history: History, suspects: set[int], bads: list[int], state: StateOf) -> set[int]:
    """Keep what every other changed point descends from; where nothing is left there are two culprits."""
    for bad in bads:
        common = suspects & history.back([bad])
        if any(state(i) is not State.GOOD for i in common):
            suspects = common
    return suspects


def _exits(history: History, state: StateOf, skipped: set[int], allowed: set[int], before: int) -> set[int]:
    """Untried points earlier than the accused one that follow directly from skipped ones of its claim.

    They may show that a skipped point was changed already; trying them makes the named set the same in
    whatever order the answers came.
    """
    out = history.forth(skipped, lambda i: state(i) is State.SKIPPED)
    ends = {c for i in out for c in history.children[i]} - out
    return {c for c in ends if c < before and c in allowed and state(c) is State.UNTESTED}


def _enclosed(history: History, state: StateOf, region: set[int], accused: int) -> set[int]:
    """Untried points of which all neighbours, through other untried ones, are points that cannot be tried."""
    untried = {i for i in region if state(i) is State.UNTESTED and i != accused}
    enclosed: set[int] = set()
    while untried:
        component = _component(history, next(iter(untried)), untried)
        untried -= component
        around = {n for i in component for n in (*history.parents[i], *history.children[i])} - component
        if all(state(n) is State.SKIPPED for n in around if n in region or n in history.edge or state(n) is State.GOOD):
            enclosed |= component
    return enclosed


def _component(history: History, start: int, inside: set[int]) -> set[int]:
    seen = {start}
    stack = [start]
    while stack:
        i = stack.pop()
        for n in (*history.parents[i], *history.children[i]):
            if n in inside and n not in seen:
                seen.add(n)
                stack.append(n)
    return seen
