"""Conduct one search from beginning to end, or on from where its journal stands: pool, loop, journal, clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic

from ..verdict import Result
from .attempt import Attempt, Order
from .driver import Drive, Search, attempt_from
from .journal import Journal
from .points import P, Points
from .pool import Pool
from .progress import Listener, Meter
from .question import Question
from .shelf import interrupted


@dataclass(frozen=True, slots=True)
class Asked(Generic[P]):
    """What a journal's search asks: its points, the pure search over them, and the question put to each."""

    points: Points[P]
    search: Search[P]
    question: Question[P]


@dataclass(frozen=True, slots=True)
class Conducted:
    """How a search went: `probes` gave a verdict, `cached` of them known from elsewhere; `hunt` is what it hunted."""

    result: Result
    probes: int
    cached: int
    seconds: float
    hunt: str


def conduct(
    asked: Asked[P],
    book: Journal,
    pool: Pool,
    order_for: Callable[[P, str, str, int], Order],
    on_progress: Listener | None = None,
) -> Conducted:
    """Ask until it concludes. FirstbadError (interrupted) on Ctrl-C: then the journal can be resumed."""
    begun = time.monotonic()
    meter = Meter(on_progress, pool.jobs)
    drive = Drive(asked.search, asked.question, asked.points, book, pool, meter, order_for)
    drive.known(answers(book, asked.points))
    try:
        result = drive.run()
    except KeyboardInterrupt:
        raise interrupted(book, meter.done) from None
    return Conducted(result, meter.done, meter.cached, time.monotonic() - begun, asked.question.probe.hunt)


def answers(book: Journal, points: Points[P]) -> Iterable[tuple[P, Attempt]]:
    """Every attempt that the journal holds, in order."""
    told: list[dict[str, Any]] = [e for e in book.events if e["event"] == "end"]
    return [(points.read(e["point"]), attempt_from(e, book.runs)) for e in told]
