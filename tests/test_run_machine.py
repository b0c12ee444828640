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
from pathlib import Path

from firstbad.bisect.run.attempt import Attempt, Task
from firstbad.bisect.run.driver import Drive, attempt_from
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.points import Commits
from firstbad.bisect.run.pool import Pool
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Meter, Progress
from firstbad.bisect.run.question import Question
from firstbad.bisect.run.sandbox import Ended
from firstbad.bisect.run.story import accused
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.search.ordered import OrderedSearch
from firstbad.bisect.verdict import Candidates, Culprit, Kind, Result, Verdict
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from test_search_ordered import worlds

PROBE = Probe(["made", "up"])


class KilledError(BaseException):
    """The driver dies here: no handler of ours may catch it."""


class KilledSearch(RuleBasedStateMachine):
    """One search, killed after any number of events, its last line torn or not, resumed with any number of workers."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="machine-"))
        self.path = self.place / "j.jsonl"
        self.result: Result | None = None

    @initialize(world=worlds(), seed=st.integers(0, 2**32))
    def begin(self, world: tuple, seed: int) -> None:  # type: ignore[type-arg]
        self.parents, _, self.bad, self.skipped = world
        self.dice = random.Random(seed)
        self.expected = run_serial(self.search(), self.truth).result
        Journal.create(self.path, {"old": ["p0"], "new": "tip"}).close()

    def search(self) -> OrderedSearch:
        return OrderedSearch(self.parents, ["p0"], "tip", confirm=2)

    def truth(self, point: str) -> Verdict:
        if point in self.skipped:
            return Verdict(Kind.CANNOT_BUILD)
        return Verdict(Kind.BAD if point in self.bad else Kind.GOOD)

    def attempt(self, task: Task) -> Attempt:
        time.sleep(self.dice.choice([0, 0, 0.0005, 0.002]))
        code = 125 if task.commit in self.skipped else int(task.commit in self.bad)
        return Attempt(Ended(code, 0.0, f"{task.out}/stdout", f"{task.out}/stderr"))

    def go_on(self, jobs: int, events: int) -> None:
        """Resume, as `resume_bisect` does; die after so many events."""

        def listen(progress: Progress) -> None:
            nonlocal events
            events -= 1
            if events < 0:
                raise KilledError

        def task(point: str, out: str, ticket: str, again: int) -> Task:
            return Task("", "", out, point, "", PROBE, ticket=ticket)

        with Journal.resume(self.path) as book, ThreadPoolExecutor(jobs) as executor:
            pool = Pool(executor, jobs, self.attempt, lambda ticket: None)
            drive = Drive(
                self.search(), Question(PROBE, ["p0"], ["tip"]), Commits(), book, pool, Meter(listen, jobs), task
            )
            ended = [e for e in book.events if e["event"] == "end"]
            drive.known([(e["point"], attempt_from(e, book.runs)) for e in ended])
            self.result = drive.run()

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
            assert set(accused(self.result)) == set(accused(self.expected))  # type: ignore[arg-type]
            self.nothing_twice(self.expected)
        finally:
            shutil.rmtree(self.place)

    def nothing_twice(self, result: Result) -> None:
        """Only what is accused, and the good points around it, answer twice: that is the confirmation."""
        assert isinstance(result, Culprit | Candidates)
        named = set(accused(result))
        confirmed = named | {p for c in named for p in self.parents.get(c, ())}
        ends = Counter(e["point"] for e in Journal.read(self.path).events if e["event"] == "end")
        assert all(n == 1 for p, n in ends.items() if p not in confirmed), ends
        assert all(n <= 2 for p, n in ends.items() if p not in self.skipped), ends


KilledSearch.TestCase.settings = settings(max_examples=25, stateful_step_count=6, deadline=None)
TestKilledSearch = KilledSearch.TestCase
