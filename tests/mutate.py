"""Mutation testing of the code that decides: is every small wrong edit noticed by a fast test of that code?

    python tests/mutate.py                    every module of MODULES, continued where the last run stopped
    python tests/mutate.py align tolerance    these
    python tests/mutate.py --again align      anew, also what is known
    python tests/mutate.py --share 3 origins  a third of the mutants, always the same third
    python tests/mutate.py --only _motion image_motion            those whose line in the list holds this text
    python tests/mutate.py --with tests/test_new.py image_motion  do these tests notice what survived the others?

One process imports and collects the tests once. Every mutant is planted in a forked child, into the functions that
are already loaded, and meets only the tests that run its lines, the likeliest to notice first, until one fails.
Results lie in tests/actual/mutation, one file per module; a killed mutant of unchanged code is not tried again.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import itertools
import json
import os
import pickle
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mutants import Mutant, mutants
from mutation_plant import plant

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "tests/actual/mutation"
PURE = ("align", "tolerance", "resolution", "whole", "uncertain", "diff", "closure", "catalogue", "graft", "text")
"""Whose tests meet the code that reads and compares traces; images have their own."""
EVIDENCE = (*PURE, "arguments", "inputs", "view", "at", "formula", "tables", "said")
"""And the code that evaluates formulas against them."""
MODULES = {
    **dict.fromkeys(("align", "tolerance", "resolution", "uncertain", "coarse", "place", "pair_verdict", "cost"), PURE),
    "diff": (*PURE, "units"),
    "origins": (*PURE, "reads"),
    "printed": ("printed", "text"),
    "rename": ("rename", "align", "diff"),
    "notes": ("rename", "hidden", "noise", "diff"),
    "hidden": ("hidden",),
    "unread": ("unread", "diff"),
    "reads": ("reads", "origins", "follows", "closure"),
    "follows": ("follows",),
    **dict.fromkeys(("closure", "closure_result", "tables", "arguments", "said", "formula", "at", "view"), EVIDENCE),
    **dict.fromkeys(
        (
            "pattern",
            "pattern_common",
            "pattern_data",
            "pattern_factors",
            "pattern_formula",
            "pattern_loops",
            "pattern_shapes",
            "pattern_steps",
            "pattern_values",
        ),
        ("pattern",),
    ),
    **dict.fromkeys(
        (
            "image",
            "image_stats",
            "image_findings",
            "image_motion",
            "image_peaks",
            "image_noise",
            "image_ties",
            "image_causes",
        ),
        ("image", "image_mutations"),
    ),
}
PATIENCE = 10.0
"""A mutant may take so many times the CPU time of its tests (and a second more) before it counts as a hang."""
BUDGET = 4.0
"""CPU seconds of tests that one mutant meets, the quick tests first: what only a slower one would notice survives."""
MEMORY = 3 << 30


@dataclass
class Baseline:
    """What the unchanged code does: per test its CPU seconds and the lines of the module that it runs."""

    seconds: list[float] = field(default_factory=list)
    lines: list[set[int]] = field(default_factory=list)


class Run:
    """A pytest plugin that, instead of running the collected tests, runs them against every mutant of one module."""

    def __init__(self, module: str, again: bool, share: int, only: str = "") -> None:
        self.name, self.again, self.share, self.only = module, again, share, only
        self.path = ROOT / "tracer" / f"{module}.py"
        self.failed: list[str] = []
        self.dies = False

    def pytest_configure(self) -> None:
        """Hypothesis draws the same examples each time and shrinks none: a failure is enough."""
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile(
            "mutation",
            derandomize=True, database=None, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
        )  # fmt: skip
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            if self.dies:
                os._exit(1)
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = session.items
        base, failed = in_child(lambda: (self._baseline(), self.failed))
        if failed:
            sys.exit(f"{self.name}: the tests fail without any mutant: {failed[:5]}")
        text = self.path.read_text(encoding="utf-8")
        self.tree = ast.parse(text)
        store = Store(self.name, hashlib.sha256(text.encode()).hexdigest()[:16], self.again)
        self._all(mutants(self.tree), base, store)
        return True

    def _baseline(self) -> Baseline:
        base = Baseline()
        for item in self.items:
            lines: set[int] = set()
            sys.settrace(_tracer(str(self.path), lines))
            start = time.process_time()
            self._test(item)
            sys.settrace(None)
            base.seconds.append(time.process_time() - start)
            base.lines.append(lines)
        return base

    def _test(self, item: Any) -> None:
        with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)

    def _all(self, found: list[Mutant], base: Baseline, store: Store) -> None:
        kills = Counter[tuple[str, int]]()
        for number, mutant in enumerate(found):
            if store.killed(mutant.id) or self.only not in mutant.id or _left(mutant, self.share):
                continue
            tests = _chosen(mutant, base, kills, store.by(mutant.id, self.items))
            if not tests and mutant.id in store.found:
                continue  # other tests met it: these do not reach it
            start = time.perf_counter()
            outcome, by = self._try(mutant, tests, base) if tests else ("uncovered", -1)
            if by >= 0:
                kills[mutant.function, by] += 1
                kills["", by] += 1
            store.add(mutant, outcome, self.items[by].nodeid if by >= 0 else "", time.perf_counter() - start)
            if outcome not in ("killed", "import", "hang"):
                print(f"{number + 1}/{len(found)} {self.name}:{mutant.lines[0]} {outcome}: {mutant.id}", flush=True)
        store.close({m.id for m in found})

    def _try(self, mutant: Mutant, tests: list[int], base: Baseline) -> tuple[str, int]:
        """What became of one mutant, and the index of the test that noticed."""
        limit = 1 + PATIENCE * sum(base.seconds[i] for i in tests)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            self._child(mutant, tests, limit, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            said = pipe.read()
        status = os.waitpid(child, 0)[1]
        last = tests[said.count(b".") - 1] if b"." in said else -1
        if os.WIFSIGNALED(status):
            return "hang", last
        code = os.WEXITSTATUS(status)
        return {0: ("survived", -1), 1: ("killed", last)}.get(code, ("import", -1))

    def _child(self, mutant: Mutant, tests: list[int], limit: float, writer: int) -> None:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, limit)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            try:
                mutant.apply()
                plant(f"firstbad.tracer.{self.name}", self.path, self.tree, at_import=mutant.lines == (0, 0))
            except BaseException:
                os._exit(2)
            self.dies = True
            for index in tests:
                os.write(writer, b".")
                self._test(self.items[index])
            os._exit(0)
        finally:
            os._exit(1)


def _tracer(path: str, lines: set[int]) -> Callable[..., Any]:
    def local(frame: FrameType, event: str, _: Any) -> Any:
        lines.add(frame.f_lineno)
        return local

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        lines.add(frame.f_lineno)
        return local

    return trace


def _left(mutant: Mutant, share: int) -> bool:
    return bool(int(hashlib.sha256(mutant.id.encode()).hexdigest(), 16) % share)


def _chosen(mutant: Mutant, base: Baseline, kills: Counter[tuple[str, int]], before: int = -1) -> list[int]:
    """The tests that reach a mutant: the one that noticed it `before`, those that noticed one in the same function,
    then the quick ones."""
    wanted = set(range(mutant.lines[0], mutant.lines[1] + 1)) if mutant.lines != (0, 0) else None
    tests = [i for i, lines in enumerate(base.lines) if (lines & wanted if wanted is not None else lines)]
    likely = sorted(
        tests, key=lambda i: (i != before, -kills[mutant.function, i], -min(kills["", i], 1), base.seconds[i])
    )
    spent = itertools.accumulate(base.seconds[i] for i in likely)
    return [i for i, sofar in zip(likely, spent, strict=True) if sofar <= BUDGET] or likely[:1]


def in_child(work: Callable[[], Any]) -> Any:
    """The result of `work`, done in a fork, so that nothing of it stays in this process."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        result = pickle.load(pipe)
    os.waitpid(child, 0)
    return result


class Store:
    """The results of one module, kept after every mutant; those of other code are forgotten."""

    def __init__(self, module: str, code: str, again: bool = False) -> None:
        self.path, self.code = RESULTS / f"{module}.jsonl", code
        self.found: dict[str, dict[str, Any]] = {}
        self._by: dict[str, str] = {}
        for row in rows(self.path):
            self._by[row["id"]] = row["by"]
            if row["code"] == code and not again:
                self.found[row["id"]] = row
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def killed(self, mutant: str) -> bool:
        """Known, and no test that has come since can change it."""
        return self.found.get(mutant, {}).get("outcome") in ("killed", "import", "hang")

    def by(self, mutant: str, items: Sequence[Any]) -> int:
        """The index of the test that noticed it last time, also of older code; -1 where there is none."""
        name = self._by.get(mutant)
        return next((i for i, item in enumerate(items) if name and item.nodeid == name), -1)

    def add(self, mutant: Mutant, outcome: str, by: str, seconds: float) -> None:
        """Keep one result."""
        row = {"id": mutant.id, "code": self.code, "outcome": outcome, "by": by, "line": mutant.lines[0]}
        self.found[mutant.id] = {**row, "seconds": round(seconds, 3)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self.found[mutant.id]) + "\n")

    def close(self, known: set[str]) -> None:
        """One row per mutant, in place of the log of all tries."""
        rows = [json.dumps(row) for name, row in self.found.items() if name in known]
        self.path.write_text("".join(row + "\n" for row in rows), encoding="utf-8")


def rows(path: Path) -> Iterable[dict[str, Any]]:
    """The results of one module, as they were kept."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def run(module: str, again: bool, share: int, only: str = "", tests_given: Sequence[str] = ()) -> None:
    """All mutants of one module, in a process of its own (pytest is not made to start twice)."""
    import pytest

    words = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:benchmark", "--rootdir", str(ROOT)]
    pytest.main([*words, *(tests_given or _files(module))], plugins=[Run(module, again, share, only)])


def _files(module: str) -> list[str]:
    """The test files that a module's mutants meet."""
    tests = ROOT / "tests"
    files = [str(p) for area in MODULES[module] for p in sorted(tests.glob(f"test_tracer_{area}*.py"))]
    files += [str(p) for area in MODULES[module] for p in sorted(tests.glob(f"test_decide_{area}*.py"))]
    files += [str(p) for p in sorted(tests.glob(f"test_decide_{module}*.py"))]
    return list(dict.fromkeys(files))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="one or several of: " + " ".join(MODULES))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="every N-th mutant only, always the same")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose line holds this text")
    parser.add_argument("--with", dest="tests", action="append", default=[], metavar="FILE", help="these tests only")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for module in given.modules or MODULES:
        child = os.fork()
        if not child:
            run(module, given.again, given.share, given.only, given.tests)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        counts = Counter(row["outcome"] for row in rows(RESULTS / f"{module}.jsonl"))
        print(module, dict(counts), flush=True)


if __name__ == "__main__":
    main()
