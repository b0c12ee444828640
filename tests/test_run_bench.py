"""Side by side in one run: `git bisect run` and ours, on 2,000 commits of a torch candidate. Prints the table."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run import warm
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.sandbox import clean_environment
from firstbad.bisect.verdict import Culprit
from run_repos import ENV, git, make_repo, state_of

pytestmark = pytest.mark.bench
COUNT, BAD_FROM, ROUNDS = 2000, 1234, 3
IMPORTS = {"torch alone": ("torch",), "a port that reads and writes": ("torch", "gemmi", "fabio", "zarr")}

MAIN = """
import os, sys, torch, {imports}
from port.lattice import F_latt
if "COUNT_IN" in os.environ:
    with open(os.environ["COUNT_IN"], "a") as log:
        log.write("x")
h = torch.linspace(-3, 3, 64, dtype=torch.float64)
image = F_latt(h[:, None], h[None, :], 5) ** 2
sum_ratio = (image.sum() / {sum!r}).item()
print("sum ratio", sum_ratio)
sys.exit(abs(sum_ratio - 1) > 5e-3)
"""
LATTICE = """
import torch
def sincg(x, N):
    s = torch.sin(x)
    return torch.where(s.abs() < 1e-12, torch.full_like(x, float(N)), torch.sin(N * x) / s)
def F_latt(h, k, N):
    return sincg(torch.pi * h, N) * sincg({factor} * torch.pi * k, N)  # step {i}
"""


def files(i: int, imports: tuple[str, ...]) -> dict[str, str]:
    lattice = LATTICE.format(i=i, factor="0.97" if i >= BAD_FROM else "1")
    return {
        "port/__init__.py": "",
        "port/__main__.py": MAIN.replace("{sum!r}", repr(exact_sum())).replace("{imports}", ", ".join(imports)),
        "port/lattice.py": lattice,
    }


def exact_sum() -> float:
    """The image's sum by the closed formula of the grating function, in numpy."""
    import numpy as np

    h = np.linspace(-3, 3, 64)
    s = np.sin(np.pi * h)
    one = np.where(abs(s) < 1e-12, 5.0, np.sin(5 * np.pi * h) / np.where(s == 0, 1, s)) ** 2
    return float(one.sum() ** 2)


Row = tuple[float, float, int]  # wall seconds, CPU seconds, probes


class Contest:
    """One repository, one command, and every run of it so far: name -> rows."""

    def __init__(self, place: Path, imports: tuple[str, ...]) -> None:
        self.place, self.where = place, place / "repo"
        self.ids = make_repo(self.where, COUNT, lambda i: files(i, imports))
        self.command = [sys.executable, "-m", "port"]
        self.rows: dict[str, list[Row]] = {}

    def note(self, name: str, begun: float, used: float, probes: int) -> None:
        row = (time.monotonic() - begun, cpu_seconds() - used, probes)
        self.rows.setdefault(name, []).append(row)

    def fresh(self) -> Path:
        place = self.place / str(sum(map(len, self.rows.values())))
        place.mkdir()
        return place

    def git(self, name: str = "git bisect run") -> None:
        place = self.fresh()
        git(place, "clone", "-q", "--shared", str(self.where), "clone")
        begun, used = time.monotonic(), cpu_seconds()
        probes, named = with_git(place, self.ids, self.command)
        self.note(name, begun, used, probes)
        assert named == self.ids[BAD_FROM]

    def ours(self, name: str, modules: tuple[str, ...] = (), **more: Any) -> None:
        place = self.fresh()
        log = place / "count"
        probe = Probe(self.command, env={"COUNT_IN": str(log)}, warm=modules)
        begun, used = time.monotonic(), cpu_seconds()
        outcome = bisect_commits(
            self.where, self.ids[0], self.ids[-1], probe, home=self.place / "home", cached=False, **more
        )
        self.note(name, begun, used, len(log.read_text()))
        ended = [e["ended"] for e in Journal.read(outcome.journal).events if e["event"] == "end"]
        cold = 2 * more.get("confirm_cold", True)
        assert sum(e["warm"] for e in ended) == (len(ended) - cold if modules else 0)
        assert isinstance(outcome.result, Culprit) and outcome.result.point == self.ids[BAD_FROM]


def with_git(place: Path, ids: list[str], command: list[str]) -> tuple[int, str]:
    copy, log = place / "clone", place / "count"
    env = {**ENV, "COUNT_IN": str(log)}
    subprocess.run(["git", "bisect", "start", ids[-1], ids[0]], cwd=copy, env=env, check=True, capture_output=True)
    done = subprocess.run(
        ["git", "bisect", "run", *command], cwd=copy, env=env, check=True, capture_output=True, text=True
    )
    named = next(line.split()[0] for line in done.stdout.splitlines() if line.endswith("is the first bad commit"))
    return len(log.read_text()), named


@pytest.mark.parametrize("imports", IMPORTS)
def test_side_by_side(imports: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is compared runs in turns, three times; the least disturbed of each counts."""
    modules = IMPORTS[imports]
    all_of = Contest(tmp_path, modules)
    before = state_of(all_of.where)
    for _ in range(ROUNDS):
        all_of.git()
        all_of.ours("firstbad, warm", modules=modules)
        all_of.ours("firstbad, warm, 2 jobs", modules=modules, jobs=2)
        all_of.ours("firstbad, warm, confirmed warm", modules=modules, confirm_cold=False)
    all_of.ours("firstbad, cold")
    all_of.ours("firstbad, cold, 2 jobs", jobs=2)
    assert state_of(all_of.where) == before
    one = import_time(modules)
    best = {name: min(rows) for name, rows in all_of.rows.items()}
    with capsys.disabled():
        print(
            f"\n{COUNT} commits, `python -m port`, {one:.2f} s of `import {', '.join(modules)}`, {os.cpu_count()} cores"
        )
        print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'probes':>8}{'times':>8}  all wall s")
        for name, (wall, cpu, count) in best.items():
            times = best["git bisect run"][0] / wall
            walls = ", ".join(f"{w:.1f}" for w, *_ in all_of.rows[name])
            print(f"{name:34}{wall:8.2f}{cpu:8.2f}{count:8d}{times:8.2f}  {walls}")
    assert best["git bisect run"][0] / best["firstbad, warm"][0] > 2


def cpu_seconds() -> float:
    """Of all ended processes below this one: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def import_time(modules: tuple[str, ...]) -> float:
    """The fastest of three."""

    def once() -> float:
        begun = time.monotonic()
        subprocess.run([sys.executable, "-c", f"import {', '.join(modules)}"], check=True)
        return time.monotonic() - begun

    return min(once() for _ in range(3))


def test_one_probe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one probe costs beyond its command: a checkout, a keeper, the journal; and a fork instead of an import."""
    where = tmp_path / "repo"
    ids = make_repo(where, 40, lambda i: {"n": f"{i}\n"})
    begun = time.monotonic()
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(["true"]), home=tmp_path / "h", cached=False)
    cold = (time.monotonic() - begun) / outcome.probes
    times: list[float] = []
    for _ in range(10):
        begun = time.monotonic()
        ended = warm.run(
            [sys.executable, "-c", "import torch; print(torch.ones(3).sum())"],
            modules=("torch",), cwd=tmp_path, env=clean_environment(), out=tmp_path / "o",
            limits=Probe("x").limits,
        )  # fmt: skip
        assert ended.warm and ended.code == 0
        times.append(time.monotonic() - begun)
    warm.close_all()
    with capsys.disabled():
        print(f"\na cold probe of `true`: {cold * 1e3:.0f} ms each; a warm torch probe: {min(times[1:]) * 1e3:.0f} ms")
