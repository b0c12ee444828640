"""Shrink a case while the same quantity stays an origin, on the same side's account.

Each simpler line is run as the first one was: both programs, their images, both traces at the pixel that costs
the image most. A line is taken only if it is no dearer; where a number alone changed, only if it is cheaper: a
unit cell of 1 Å would be another problem, not a smaller one.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..tracer.errors import FirstbadError
from .axes.flags import option_groups
from .inquiry import Case
from .lab import Lab, Outcome, Room, Stand, empty_room
from .search.shrink import Line, Reply, Shrinking
from .tracing import Traced, costliest_pixel, trace_pair

SLACK = 0.25  # seconds by which a run may be slower without being dearer: starting a program is not steady
FASTER = 0.8  # of the seconds before, and less than those by SLACK: that is cheaper beyond doubt
Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Sight:
    """One case as it was seen: its images, both traces at the costliest pixel, the seconds of both image runs."""

    case: Case
    outcome: Outcome
    traced: Traced
    pixels: int

    @property
    def records(self) -> int:
        """Lines of both traces: every loop in which something is traced counts."""
        found = self.traced.diff
        return len(found.reference) + len(found.candidate) if found is not None else 0

    @property
    def seconds(self) -> float:
        """Of both programs together."""
        return self.outcome.reference.ended.seconds + self.outcome.candidate.ended.seconds

    @property
    def origins(self) -> dict[str, str]:
        """Each origin and the side at fault, the dearest first."""
        found = self.traced.diff
        return {f.quantity: str(f.side) for f in found.origins} if found is not None else {}


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The first case, the simplest that shows the same origin, and how many lines were tried."""

    origin: str
    side: str
    before: Sight
    after: Sight
    room: Room
    tried: int
    complete: bool


@dataclass(slots=True)
class Shrinker:
    """One shrinking of one case. `most` lines are tried; `tell` hears of each that is taken."""

    lab: Lab
    room: Room
    stand: Stand
    most: int = 300
    tell: Tell = lambda _name, _said: None
    tried: int = 0
    _best: Sight = field(init=False)

    def run(self, case: Case, origin: str = "") -> Shrunk:
        """FirstbadError where there is no origin, not the one named, or another one each time."""
        before = self._first(case)
        name = origin or next(iter(before.origins))
        if name not in before.origins:
            raise FirstbadError(
                f"{name} is no origin of this case at pixel {before.traced.pixel[0]} {before.traced.pixel[1]}",
                remedy=f"name one of {', '.join(before.origins)}",
                slug="no-such-origin",
            )
        side = before.origins[name]
        if before.origins != self._first(case, fresh=True).origins:
            raise _unsteady("the case as it was given")
        self._best = before
        self.tell("reproduce", f"{name} is an origin, {side} at fault; {before.seconds:.2f} s")
        self._empty_room(name, side)
        complete = self._search(name, side)
        again = self.look(self._best.case, fresh=True)
        if again is None or name not in again.origins:
            raise _unsteady("the shrunk case")
        return Shrunk(name, side, before, self._best, self.room, self.tried, complete)

    def look(self, case: Case, *, fresh: bool = False) -> Sight | None:
        """Run both programs on `case`; None where it cannot be judged or the images are equal."""
        outcome = self.lab.gate(case, self.room, self.stand, fresh=fresh)
        if outcome.images is None or outcome.images.identical:
            return None
        pixel = costliest_pixel(outcome, self.lab)
        traced = trace_pair(self.lab, outcome, self.room, self.stand, pixel)
        return Sight(case, outcome, traced, self.lab.images(outcome)[0].size)

    def _first(self, case: Case, *, fresh: bool = False) -> Sight:
        found = self.look(case, fresh=fresh)
        if found is not None and found.origins:
            return found
        if found is None:
            outcome = self.lab.gate(case, self.room, self.stand)
            raise FirstbadError(
                f"case {case.name} has nothing to shrink: {outcome.verdict.reason}",
                remedy="give a case in which both programs write an image and the images differ",
                slug="nothing-to-shrink",
            )
        why = found.traced.trouble or "no traced quantity is an origin there"
        raise FirstbadError(
            f"the images of case {case.name} differ, but at pixel {found.traced.pixel} {why}",
            remedy="let both programs print TRACE lines for the pixel they are told ({slow} {fast})",
            slug="nothing-to-shrink",
        )

    def _empty_room(self, name: str, side: str) -> None:
        """Does it need what lies around? If not, the rest is searched in an empty directory."""
        here, self.room = self.room, empty_room(self.room.axis)
        found = self.look(self._best.case)
        if found is None or found.origins.get(name) != side:
            self.room = here
            self.tell("room", "it needs what lies in this directory")
            return
        self._best = found
        self.tell("room", "an empty directory shows it as well")

    def _search(self, name: str, side: str) -> bool:
        """Ask until nothing simpler persists (True) or `most` lines were tried."""
        proposals = Shrinking(line_of(self._best.case)).proposals()
        line = next(proposals, None)
        while line is not None:
            if self.tried == self.most:
                return False
            self.tried += 1
            reply = self._reply(line, name, side)
            try:
                line = proposals.send(reply)
            except StopIteration:
                line = None
        return True

    def _reply(self, line: Line, name: str, side: str) -> Reply:
        case = replace(self._best.case, args=words_of(line))
        found = self.look(case)
        shown = found is not None and found.origins.get(name) == side
        if found is not None and shown and self._pays(found, fewer=len(line) < len(line_of(self._best.case))):
            self._best = found
            self.tell("shorter", case.args or "(no arguments)")
            return Reply.TAKEN
        self.lab.forget(case)
        return Reply.NO_CHEAPER if shown else Reply.LOST

    def _pays(self, found: Sight, *, fewer: bool) -> bool:
        """With fewer options it may not be dearer; with as many it must be cheaper."""
        best = self._best
        slower = found.seconds > best.seconds + SLACK
        if found.pixels > best.pixels or found.records > best.records or slower:
            return False
        less = found.pixels < best.pixels or found.records < best.records
        return fewer or less or found.seconds < min(FASTER * best.seconds, best.seconds - SLACK)


def line_of(case: Case) -> Line:
    """The case's arguments, option by option."""
    return tuple(option_groups(shlex.split(case.args)))


def words_of(line: Line) -> str:
    """The line as a case has it."""
    return shlex.join(word for words in line for word in words)


def _unsteady(what: str) -> FirstbadError:
    return FirstbadError(
        f"{what} did not show the same origins when it was run again",
        remedy="fix the seeds and threads of both programs first: what changes by itself cannot be shrunk",
        slug="unsteady-case",
    )
