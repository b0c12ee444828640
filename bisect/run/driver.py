"""The loop between a search, a pool of workers and a journal; the same for commits and for sets of anything."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol

from ...tracer.errors import FirstbadError
from ..verdict import Result, Verdict
from .attempt import Attempt, Order
from .journal import Journal, result_as_dict, verdict_as_dict
from .points import P, Points
from .pool import LOST, Pool
from .progress import Meter
from .question import Question
from .sandbox import KEEPER_LOST, Ended, disk_is_full

RETRIES = 1  # a probe whose processes somebody killed is tried once more


class Search(Protocol[P]):
    """What the loop needs of a search; P is a point: a commit, or a set of files."""

    @property
    def remaining(self) -> int:
        """How many points may still be the culprit."""
        ...

    def next(self, n: int = 1, running: Any = ()) -> list[P]:
        """Points to try now."""
        ...

    def record(self, point: P, verdict: Verdict) -> None:
        """Note one answer."""
        ...

    def result(self) -> Result | None:
        """The conclusion, or None."""
        ...

    def useless(self, running: Any) -> set[P]:
        """Points whose answer cannot matter any more."""
        ...


@dataclass
class Drive(Generic[P]):
    """One search being driven.

    `order_for(point, out, ticket, again)` makes the work order for a point that was tried `again` times before.
    """

    search: Search[P]
    question: Question[P]
    points: Points[P]
    journal: Journal
    pool: Pool
    meter: Meter
    order_for: Callable[[P, str, str, int], Order]
    running: dict[Future[Attempt], P] = field(default_factory=dict[Future[Attempt], P])
    dropped: set[Future[Attempt]] = field(default_factory=set[Future[Attempt]])
    losses: Counter[P] = field(default_factory=Counter[P])
    count: int = 0
    tried: Counter[P] = field(default_factory=Counter[P])

    def known(self, answers: Iterable[tuple[P, Attempt]]) -> None:
        """Take up what an earlier run of this search has journalled."""
        for point, attempt in answers:
            self.count += 1
            self.tried[point] += 1
            self.meter.ended(attempt.ended.seconds, attempt.cached)
            self._record(point, attempt)

    def run(self) -> Result:
        """Until the search concludes; the journal then holds the result."""
        try:
            while (result := self.search.result()) is None:
                self._drop_useless()
                self._start()
                if not self.running:
                    raise RuntimeError("the search neither asks nor concludes")
                done, _ = wait(self.running, timeout=self.pool.patience, return_when=FIRST_COMPLETED)
                if not done:
                    self.pool.check()
                for future in done:
                    self._take(future)
        finally:
            self._end_all()
        self.journal.append("result", **result_as_dict(result))
        self._tell("result", None, type(result).__name__)
        return result

    def _busy(self) -> list[P]:
        """Points whose answers are under way: running and still wanted, or waiting for an end."""
        return [p for f, p in self.running.items() if f not in self.dropped] + list(self.question.held)

    def _start(self) -> None:
        for point in self._wanted():
            self._begin(point)

    def _wanted(self) -> list[P]:
        """What to begin now: as many as there are workers; beside repeats alone, also as the spare ones."""
        free = self.pool.jobs - len(self.running)
        asked = self.search.next(free, running=self._busy()) if free > 0 else []
        again = all(self.tried[p] for p in asked) and all(self.tried[p] > 1 for p in self.running.values())
        if again and self.pool.spare and free + self.pool.spare > 0:
            asked = self.search.next(free + self.pool.spare, running=self._busy())
        return asked

    def _begin(self, point: P) -> None:
        self.count += 1
        ticket = uuid.uuid4().hex
        out = self.journal.runs / f"{self.count:04d}-{self.points.folder(point)}"
        again = self.tried[point]
        self.tried[point] += 1
        self._note("begin", point, ticket=ticket, run=out.name, again=again > 0)
        self.running[self.pool.submit(self.order_for(point, str(out), ticket, again))] = point
        self._tell("begin", point, "")

    def _drop_useless(self) -> None:
        useless = self.search.useless(self._busy())
        for future, point in self.running.items():
            if point in useless and future not in self.dropped:
                self.dropped.add(future)
                self.pool.cancel(future)
                self._tell("cancel", point, "no longer needed")

    def _take(self, future: Future[Attempt]) -> None:
        point = self.running.pop(future)
        self.dropped.discard(future)
        attempt = self.pool.attempt_of(future)
        if attempt.ended.cancelled:
            self._note("cancelled", point)
            self.tried[point] -= 1
            return
        if lost(attempt.ended) and self.losses[point] < RETRIES:
            self.losses[point] += 1
            self._note("lost", point, why=attempt.ended.problem or "killed from outside")
            self.tried[point] -= 1
            return
        verdict = self.question.verdict(attempt)
        self._refuse_full_disk(attempt, verdict)
        self._note("end", point, **as_facts(attempt, verdict))
        self.meter.ended(attempt.ended.seconds, attempt.cached)
        self._record(point, attempt)
        self._tell("end", point, str(verdict.kind))

    def _note(self, event: str, point: P, **facts: Any) -> None:
        self.journal.append(event, point=self.points.written(point), **facts)

    def _record(self, point: P, attempt: Attempt) -> None:
        for ready, verdict in self.question.offer(point, attempt):
            self.search.record(ready, verdict)

    def _refuse_full_disk(self, attempt: Attempt, verdict: Verdict) -> None:
        """With a full disk every commit would be skipped: stop instead, and forget this attempt."""
        said = f"{attempt.ended.problem} {verdict.reason}"
        if "disk" in said and ("is full" in said or "was full" in said):
            raise FirstbadError(
                attempt.ended.problem or verdict.reason,
                remedy="Free some space, then resume: everything probed so far is kept",
                slug="disk-full",
            )
        if not verdict.decides and disk_is_full(self.journal.path.parent):
            raise FirstbadError(
                f"the disk that holds {self.journal.path} is full",
                remedy="Free some space, then resume: everything probed so far is kept",
                slug="disk-full",
            )

    def _end_all(self) -> None:
        for future in self.running:
            self.pool.cancel(future)
        wait(self.running, timeout=10)

    def _tell(self, what: str, point: P | None, said: str) -> None:
        if self.meter.listener is not None:
            left = self.search.remaining if what != "result" else 0
            label = "" if point is None else self.points.label(point)
            running = tuple(self.points.label(p) for p in self.running.values())
            self.meter.tell(what, label, said, left, running, self.points.what)


def lost(ended: Ended) -> bool:
    """Whether somebody killed what watched or ran the probe: that says nothing about the commit."""
    gone = ended.problem == KEEPER_LOST or ended.problem.startswith(LOST)
    return gone or (ended.code in (-9, 137) and not ended.timed_out)


def as_facts(attempt: Attempt, verdict: Verdict) -> dict[str, Any]:
    """An ended attempt as the journal keeps it: how it ended, and what that meant before a hunt was known."""
    said = verdict_as_dict(verdict)
    ended = attempt.ended.as_dict()
    for stream in ("stdout", "stderr"):
        ended[stream] = f"{Path(ended[stream]).parent.name}/{stream}"
    said.pop("artefacts")
    return {"verdict": said, "ended": ended, "failed": attempt.failed, "cached": attempt.cached}


def attempt_from(facts: Mapping[str, Any], runs: Path) -> Attempt:
    """The attempt that `as_facts` wrote, its kept output found beside the journal."""
    ended = dict(facts["ended"])
    for stream in ("stdout", "stderr"):
        ended[stream] = str(runs / ended[stream])
    return Attempt(Ended(**ended), facts.get("failed", ""), bool(facts.get("cached")))
