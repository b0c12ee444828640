"""How far a search is, as data; who draws it is no business of ours."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a search: `left` points may still be the culprit, `running` are being tried.

    `what` is the event ("begin", "end", "cancel", "result"), `point` what a person calls the point it is about, `said`
    its verdict in words, `among` what the points are ("commits").
    `expected` is the estimated number of seconds until the end; nan before anything has ended.
    """

    what: str
    point: str = ""
    said: str = ""
    left: int = 0
    done: int = 0
    cached: int = 0
    running: tuple[str, ...] = ()
    seconds: float = 0.0
    expected: float = math.nan
    among: str = "commits"


Listener = Callable[[Progress], None]


def rounds_left(left: int, jobs: int) -> float:
    """Rounds of `jobs` probes that narrow `left` points to one: each divides them by jobs + 1."""
    return math.ceil(math.log(left) / math.log(jobs + 1)) if left > 1 else 0


@dataclass
class Meter:
    """Counts and times a search; calls `listener` at each event."""

    listener: Listener | None
    jobs: int
    begun: float = field(default_factory=time.monotonic)
    times: list[float] = field(default_factory=list[float])
    done: int = 0
    cached: int = 0

    def ended(self, seconds: float, cached: bool) -> None:
        """Count one probe that took `seconds`."""
        self.done += 1
        self.cached += cached
        if not cached:
            self.times.append(seconds)

    def tell(self, what: str, point: str, said: str, left: int, running: tuple[str, ...], among: str) -> None:
        """Make a Progress and hand it out."""
        if self.listener is None:
            return
        mean = sum(self.times) / len(self.times) if self.times else math.nan
        expected = rounds_left(left, self.jobs) * mean
        seconds = time.monotonic() - self.begun
        self.listener(Progress(what, point, said, left, self.done, self.cached, running, seconds, expected, among))
