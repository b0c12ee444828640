"""A search that is killed again and again: whatever the moment, it goes on to the same answer and asks nothing twice.

The driver, the pool and the journal are the real ones; only the attempts are made up, so that thousands fit.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from firstbad.bisect.run.attempt import Attempt
from firstbad.bisect.run.conduct import Asked, conduct
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.points import Commits
from firstbad.bisect.run.pool import Pool
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Progress
from firstbad.bisect.run.question import Question
from firstbad.bisect.run.sandbox import Ended, Stop
from firstbad.bisect.run.sets import Shape, asked_of_sets
from firstbad.bisect.run.story import accused
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.search.ordered import OrderedSearch
from firstbad.bisect.verdict import Candidates, Culprit, Kind, Result, Several, Verdict
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from test_search_ordered import worlds

PROBE = Probe(["made", "up"])


class KilledError(BaseException):
    """The driver dies here: no handler of ours may catch it."""


@dataclass(frozen=True)
class Made:
    """A made-up order: the pool's worker looks at the point and says how a command would have ended."""

    point: Any
    out: str
    ticket: str
    home: str = ""

    def carry_out(self, out: Path, stop: Stop) -> Attempt:
        raise AssertionError("the pool of this test answers by itself")


class Killed(RuleBasedStateMachine):
    """One search, killed after any number of events, its last line torn or not, resumed with any number of workers."""

    header: ClassVar[dict[str, Any]] = {"old": ["p0"], "new": "tip"}

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="machine-"))
        self.path = self.place / "j.jsonl"
        self.result: Result | None = None

    def started(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.expected = run_serial(self.asked().search, self.truth).result
        Journal.create(self.path, self.header).close()

    def asked(self) -> Asked[Any]:
        """The search from its beginning."""
        raise NotImplementedError

    def truth(self, point: Any) -> Verdict:
        """What every probe of the point says."""
        raise NotImplementedError

    def attempt(self, order: Any) -> Attempt:
        time.sleep(self.dice.choice([0, 0, 0.0005, 0.002]))
        code = {Kind.GOOD: 0, Kind.BAD: 1}.get(self.truth(order.point).kind, 125)
        return Attempt(Ended(code, 0.0, f"{order.out}/stdout", f"{order.out}/stderr"))

    def go_on(self, jobs: int, events: int) -> None:
        """Resume, as the commands do; die after so many events."""

        def listen(progress: Progress) -> None:
            nonlocal events
            events -= 1
            if events < 0:
                raise KilledError

        def order(point: Any, out: str, ticket: str, again: int) -> Made:
            return Made(point, out, ticket)

        with Journal.resume(self.path) as book, ThreadPoolExecutor(jobs) as executor:
            pool = Pool(executor, jobs, self.attempt, lambda ticket: None)
            self.result = conduct(self.asked(), book, pool, order, listen).result

    @rule(jobs=st.integers(1, 4), events=st.integers(0, 12), torn=st.integers(0, 200))
    def killed(self, jobs: int, events: int, torn: int) -> None:
        if self.result is not None:
            return
        try:
            self.go_on(jobs, events)
        except KilledError:
            data = self.path.read_bytes()
            last = data.rindex(b"\n", 0, len(data) - 1) + 1 if data.count(b"\n") > 1 else len(data)
            self.path.write_bytes(data[: max(last, len(data) - torn)])

    def teardown(self) -> None:
        try:
            if not hasattr(self, "expected"):
                return
            if self.result is None:
                self.go_on(2, 10**9)
            assert type(self.result) is type(self.expected)
            self.check(self.result)  # type: ignore[arg-type]
        finally:
            shutil.rmtree(self.place)

    def ended(self) -> Counter[Any]:
        """How often each point answered, after all."""
        points = self.asked().points
        return Counter(points.read(e["point"]) for e in Journal.read(self.path).events if e["event"] == "end")

    def check(self, result: Result) -> None:
        """The same answer as without any trouble, and nothing was asked twice for no reason."""
        raise NotImplementedError


class KilledCommits(Killed):
    """A history with merges and commits that cannot be tried."""

    @initialize(world=worlds(), seed=st.integers(0, 2**32))
    def begin(self, world: tuple, seed: int) -> None:  # type: ignore[type-arg]
        self.parents, _, self.bad, self.skipped = world
        self.started(seed)

    def asked(self) -> Asked[Any]:
        search = OrderedSearch(self.parents, ["p0"], "tip", confirm=2)
        return Asked(Commits(), search, Question(PROBE, ["p0"], ["tip"]))

    def truth(self, point: str) -> Verdict:
        if point in self.skipped:
            return Verdict(Kind.CANNOT_BUILD)
        return Verdict(Kind.BAD if point in self.bad else Kind.GOOD)

    def check(self, result: Result) -> None:
        """Only what is accused, and the good points around it, answer twice: that is the confirmation."""
        assert isinstance(result, Culprit | Candidates)
        assert set(accused(result)) == set(accused(self.expected))
        named = set(accused(result))
        confirmed = named | {p for c in named for p in self.parents.get(c, ())}
        ends = self.ended()
        assert all(n == 1 for p, n in ends.items() if p not in confirmed), ends
        assert all(n <= 2 for p, n in ends.items() if p not in self.skipped), ends


class KilledSets(Killed):
    """Files of which one, or two together, or either of two sets, bring the failure."""

    @initialize(
        size=st.integers(1, 24),
        causes=st.lists(st.frozensets(st.integers(0, 23), min_size=1, max_size=3), min_size=1, max_size=2),
        seed=st.integers(0, 2**32),
    )
    def begin(self, size: int, causes: list[frozenset[int]], seed: int) -> None:
        names = tuple(f"f{k}" for k in range(size))
        self.causes = [frozenset(names[k % size] for k in cause) for cause in causes]
        self.header = Shape("files", names).as_dict()
        self.started(seed)

    def asked(self) -> Asked[Any]:
        return asked_of_sets(self.header, PROBE, ())

    def truth(self, point: frozenset[str]) -> Verdict:
        return Verdict(Kind.BAD if any(cause <= point for cause in self.causes) else Kind.GOOD)

    def check(self, result: Result) -> None:
        """Every smallest set is named, and only sets that decide answer twice."""
        smallest = {c for c in self.causes if not any(d < c for d in self.causes)}
        assert {frozenset(s) for s in named_sets(result)} == smallest
        ends = self.ended()
        assert all(n <= 2 for n in ends.values()), ends
        everything = frozenset(self.header["points"])
        for point in (p for p, n in ends.items() if n > 1):
            alone = point in smallest
            without = not any(cause <= point for cause in smallest)
            assert alone or (without and point < everything), point


def named_sets(result: Result) -> tuple[tuple[str, ...], ...]:
    """What an unordered search names."""
    assert isinstance(result, Culprit | Several)
    return ((result.point,),) if isinstance(result, Culprit) else result.sets


for machine in (KilledCommits, KilledSets):
    machine.TestCase.settings = settings(max_examples=25, stateful_step_count=6, deadline=None)
TestKilledCommits = KilledCommits.TestCase
TestKilledSets = KilledSets.TestCase
