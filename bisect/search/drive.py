"""Drivers for searches: the serial loop, and a simulated pool of workers for tests and plans. No I/O."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..verdict import Result, Verdict

P = TypeVar("P", bound=Hashable)


class Search(Protocol[P]):
    """What every search offers; P is a point: a commit, or a set of files."""

    def next(self, n: int = 1, running: Collection[P] = ()) -> list[P]:
        """Up to `n` points to try beside those that run."""
        ...

    def record(self, point: P, verdict: Verdict) -> None:
        """Note the outcome of one probe."""
        ...

    def result(self) -> Result | None:
        """The conclusion, or None while probes are missing."""
        ...

    def useless(self, running: Collection[P]) -> set[P]:
        """Those of `running` that may be cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Drive:
    """How a search went: `probes` were started, `cancelled` of them not awaited, in `rounds` of waiting."""

    result: Result
    probes: int
    rounds: int
    cancelled: int = 0


def run_serial(search: Search[P], probe: Callable[[P], Verdict], limit: int = 100_000) -> Drive:
    """One probe after the other. Raises RuntimeError if the search neither asks nor concludes (our bug)."""
    probes = 0
    while (result := search.result()) is None:
        asked = search.next(1)
        if not asked or probes >= limit:
            raise RuntimeError("the search neither asks nor concludes")
        probes += 1
        search.record(asked[0], probe(asked[0]))
    return Drive(result, probes, probes)


def run_parallel(
    search: Search[P],
    probe: Callable[[P], Verdict],
    workers: int,
    shuffle: random.Random | None = None,
    limit: int = 100_000,
) -> Drive:
    """As `workers` would: in rounds, or, with `shuffle`, one of the running ends at a time, at random."""
    running: list[P] = []
    probes = rounds = cancelled = 0
    while (result := search.result()) is None:
        dropped = search.useless(running)
        cancelled += len(dropped)
        running = [p for p in running if p not in dropped]
        fresh = search.next(workers - len(running), running)
        probes += len(fresh)
        running += fresh
        if not running or probes >= limit:
            raise RuntimeError("the search neither asks nor concludes")
        rounds += 1
        ended = running if shuffle is None else [shuffle.choice(running)]
        running = [] if shuffle is None else _without(running, ended[0])
        for point in ended:
            search.record(point, probe(point))
    return Drive(result, probes, rounds, cancelled + len(running))


def _without(running: list[P], ended: P) -> list[P]:
    """One of those that run has ended; a point that is confirmed may run twice."""
    at = running.index(ended)
    return running[:at] + running[at + 1 :]
