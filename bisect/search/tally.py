"""What was answered so far: counts by point, and which state follows from them."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Generic, TypeVar

from ..verdict import Kind, Verdict

P = TypeVar("P", bound=Hashable)


class State(Enum):
    """What is known of one point. MIXED answered both good and bad; SKIPPED never gave a deciding answer."""

    UNTESTED = "untested"
    GOOD = "good"
    BAD = "bad"
    SKIPPED = "skipped"
    MIXED = "mixed"


class Tally(Generic[P]):
    """Every verdict of every point, in the order in which they came.

    With `swapped` the state of a good point reads BAD and the other way round: the search hunts a repair.
    """

    def __init__(self, *, swapped: bool = False) -> None:
        self.verdicts: dict[P, list[Verdict]] = {}
        self._swapped = swapped

    def add(self, point: P, verdict: Verdict) -> None:
        """Note one more answer."""
        self.verdicts.setdefault(point, []).append(verdict)

    def count(self, point: P, kind: Kind) -> int:
        """How many answers of this kind `point` gave."""
        return sum(v.kind is kind for v in self.verdicts.get(point, ()))

    def answers(self, point: P) -> int:
        """How many deciding answers `point` gave."""
        return self.count(point, Kind.GOOD) + self.count(point, Kind.BAD)

    def tries(self, point: P) -> int:
        """How many answers of any kind `point` gave."""
        return len(self.verdicts.get(point, ()))

    def state(self, point: P) -> State:
        """What follows from the answers: a verdict that does not decide is a skip, never a bad."""
        given = self.verdicts.get(point)
        if not given:
            return State.UNTESTED
        good, bad = self.count(point, Kind.GOOD), self.count(point, Kind.BAD)
        if good and bad:
            return State.MIXED
        if self._swapped:
            good, bad = bad, good
        return State.GOOD if good else State.BAD if bad else State.SKIPPED

    def mixed(self) -> P | None:
        """The first point that contradicted itself."""
        return next((p for p in self.verdicts if self.state(p) is State.MIXED), None)

    def say(self, point: P, name: str) -> str:
        """One sentence about `point`, with the reason that its last verdict gave."""
        given = self.verdicts.get(point)
        if not given:
            return f"{name} was not tried"
        times = f", {len(given)} times" if len(given) > 1 else ""
        reason = f": {given[-1].reason}" if given[-1].reason else ""
        return f"{name} is {given[-1].kind.value}{times}{reason}"
