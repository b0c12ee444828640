"""Searches that live with noise: right often enough, with few runs, and honest about their confidence."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from firstbad.bisect.search.changepoint import ChangePointSearch
from firstbad.bisect.search.drive import run_parallel, run_serial
from firstbad.bisect.search.lineage import Lineage
from firstbad.bisect.search.noisy import NoisySearch
from firstbad.bisect.verdict import Candidates, Culprit, Kind, NotHere, Result, Verdict

GOOD, BAD, SKIP = Verdict(Kind.GOOD), Verdict(Kind.BAD), Verdict(Kind.CANNOT_BUILD)


@dataclass(frozen=True)
class Coin:
    """A history whose bad points pass, and good ones fail, by chance."""

    culprit: int
    dice: random.Random
    passes: float = 0.2
    fails: float = 0.0
    broken: range = range(0)

    def __call__(self, point: str) -> Verdict:
        i = int(point)
        if i in self.broken:
            return SKIP
        if i >= self.culprit:
            return GOOD if self.dice.random() < self.passes else BAD
        return BAD if self.dice.random() < self.fails else GOOD


def line(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def right(result: Result, culprit: int) -> bool:
    return isinstance(result, Culprit) and result.point == str(culprit)


def branched(n: int, dice: random.Random) -> dict[str, tuple[str, ...]]:
    """A history of `n` points, parents first: branches fork, at most five at a time, and are merged again."""
    parents: dict[str, tuple[str, ...]] = {"0": ()}
    tips = ["0"]
    for i in range(1, n):
        roll, point = dice.random(), str(i)
        if len(tips) > 1 and (roll < 0.25 or i >= n - len(tips)):
            parents[point] = tuple(dice.sample(tips, 2 if i < n - 1 else len(tips)))
        else:
            parents[point] = (dice.choice(tips),)
        forks = len(parents[point]) == 1 and roll < 0.45 and i < n - 8 and len(tips) < 5
        tips = [t for t in tips if forks or t not in parents[point]] + [point]
    return parents


def after(parents: dict[str, tuple[str, ...]], first: str) -> set[str]:
    """`first` and what descends from it."""
    found = {first}
    for point, above in parents.items():
        if found & set(above):
            found.add(point)
    return found


@dataclass(frozen=True)
class BranchedCoin:
    """A branched history whose `bad` points pass, and good ones fail, by chance."""

    bad: set[str]
    dice: random.Random
    passes: float = 0.2
    fails: float = 0.0

    def __call__(self, point: str) -> Verdict:
        if point in self.bad:
            return GOOD if self.dice.random() < self.passes else BAD
        return BAD if self.dice.random() < self.fails else GOOD


def _toss(seed: int, passes: float | None = 0.2, *, branches: bool = False) -> tuple[bool, float, int]:
    """One search over 256 commits; without `passes` the rates are drawn from the search's own priors."""
    dice = random.Random(seed)
    rates = (dice.betavariate(1, 4), dice.betavariate(1, 50)) if passes is None else (passes, 0.0)
    culprit = dice.randrange(1, 257)
    if branches:
        parents = branched(257, dice)
        drive = run_serial(
            NoisySearch(list(parents), parents), BranchedCoin(after(parents, str(culprit)), dice, *rates)
        )
    else:
        drive = run_serial(NoisySearch(line(257)), Coin(culprit, dice, *rates))
    stated = drive.result.confidence if isinstance(drive.result, Culprit) else 0.0
    return right(drive.result, culprit), stated, drive.probes


def test_flaky_256_commits_cost_less_than_three_runs_a_probe() -> None:
    hits, _, runs = zip(*(_toss(seed) for seed in range(100)), strict=True)
    assert np.mean(hits) >= 0.95
    assert np.mean(runs) < 24


def test_flaky_256_commits_with_branches_cost_no_more() -> None:
    hits, _, runs = zip(*(_toss(seed, branches=True) for seed in range(60)), strict=True)
    assert np.mean(hits) >= 0.95
    assert np.mean(runs) < 24


def test_what_is_named_changed_it_even_where_it_came_and_went_before() -> None:
    """Three changes: one breaks it, the second repairs it where both are, the third breaks it again."""
    named: list[bool] = []
    for seed in range(60):
        dice = random.Random(seed)
        parents = branched(129, dice)
        one, two, three = (after(parents, str(i)) for i in sorted(dice.sample(range(1, 129), 3)))
        bad = (one - two) | three
        if "128" not in bad:
            continue
        result = run_serial(NoisySearch(list(parents), parents), BranchedCoin(bad, dice)).result
        assert isinstance(result, Culprit)
        named.append(result.point in bad and not bad & set(parents[result.point]))
        assert result.parents == parents[result.point]
    assert len(named) > 30
    assert np.mean(named) >= 0.95


def test_a_change_on_another_branch_is_said_and_not_explained_away() -> None:
    """Both sides of a merge broke it by themselves: one is named, and the other side is told to be broken too."""
    parents = {"0": (), **{str(i): (str(i - 1),) for i in range(1, 20)}, "20": ("0",)}
    parents |= {str(i): (str(i - 1),) for i in range(21, 40)} | {"40": ("19", "39")}
    bad = after(parents, "7") | after(parents, "33")
    search = NoisySearch(list(parents), parents)
    for point in ("19", "39"):
        for _ in range(3):
            search.record(point, BAD)
    result = run_serial(search, BranchedCoin(bad, random.Random(4), passes=0.1)).result
    assert isinstance(result, Culprit) and result.point in ("7", "33")
    other = "39" if result.point == "7" else "19"
    assert f"{other} is bad too, and not by what is named" in result.evidence


def test_points_of_a_branch_that_cannot_be_tried_end_in_candidates() -> None:
    parents = {"0": (), "1": ("0",), "2": ("1",), "3": ("1",), "4": ("3",), "5": ("2", "4"), "6": ("5",)}
    coin = BranchedCoin(after(parents, "3"), random.Random(0), passes=0.0)
    result = run_serial(NoisySearch(list(parents), parents), lambda p: SKIP if p == "3" else coin(p)).result
    assert isinstance(result, Candidates)
    assert (result.points, result.skipped) == (("3", "4"), ("3",))


def test_a_broken_fork_is_told_from_both_branches_after_it() -> None:
    """What descends from the fork is more than either branch: the fork is a class of its own."""
    parents = {"0": (), "1": ("0",), "2": ("1",), "3": ("1",), "4": ("2", "3")}
    lineage = Lineage(list(parents), parents)
    assert lineage.classes([1]).tolist() == [0, 1, 2, 3, 4, 5]
    assert lineage.classes([2]).tolist() == [0, 1, 4, 3, 4, 5]
    assert lineage.classes([2, 4]).tolist() == [0, 1, 5, 3, 5, 5]
    assert lineage.border([4], [2]) == [1, 3]


@pytest.mark.slow
@pytest.mark.parametrize("branches", [False, True])
@pytest.mark.parametrize("passes", [0.2, None])
def test_stated_confidence_is_calibrated_over_a_thousand_searches(passes: float | None, branches: bool) -> None:
    hits, stated, runs = zip(*(_toss(seed, passes, branches=branches) for seed in range(1000)), strict=True)
    told = [s for s in stated if s]
    correct = [h for h, s in zip(hits, stated, strict=True) if s]
    assert abs(np.mean(correct) - np.mean(told)) <= 0.03
    assert np.mean(hits) >= 0.95
    assert np.mean(runs) < (26 if branches and passes is None else 24)


def test_without_noise_it_is_a_bisection() -> None:
    for culprit in (1, 100, 255):
        drive = run_serial(NoisySearch(line(256)), Coin(culprit, random.Random(0), passes=0.0))
        assert right(drive.result, culprit)
        assert drive.probes <= 24


def test_a_repair_is_found_the_same_way() -> None:
    coin = Coin(40, random.Random(3), passes=0.0)
    swap = {Kind.GOOD: BAD, Kind.BAD: GOOD}
    drive = run_serial(NoisySearch(line(64), repair=True), lambda p: swap[coin(p).kind])
    assert right(drive.result, 40)


def test_a_repair_after_commits_that_pass_by_chance() -> None:
    """What passes by chance is the broken state, which now comes first: one pass there means little."""
    hits: list[bool] = []
    for seed in range(40):
        dice = random.Random(seed)
        repaired = dice.randrange(1, 128)
        coin = BranchedCoin({str(i) for i in range(repaired)}, dice, passes=0.3)
        result = run_serial(NoisySearch(line(128), repair=True, false_pass=(6.0, 14.0)), coin).result
        hits.append(right(result, repaired))
    assert np.mean(hits) >= 0.95
    assert isinstance(result, Culprit) and "a bad one passes in 3" in result.evidence[1]


def test_priors_save_runs() -> None:
    plain = [run_serial(NoisySearch(line(256)), Coin(77, random.Random(s))).probes for s in range(20)]
    hinted = [
        run_serial(NoisySearch(line(256), priors={"77": 100.0}), Coin(77, random.Random(s))).probes for s in range(20)
    ]
    assert np.mean(hinted) < np.mean(plain) - 1


def test_points_that_cannot_be_tried_end_in_candidates() -> None:
    drive = run_serial(NoisySearch(line(64)), Coin(32, random.Random(1), broken=range(30, 35)))
    assert isinstance(drive.result, Candidates)
    assert drive.result.points == tuple(map(str, range(30, 36)))
    assert drive.result.skipped == tuple(map(str, range(30, 35)))


def test_ends_that_agree_are_not_here() -> None:
    none = run_serial(NoisySearch(line(64)), lambda _: GOOD).result
    always = run_serial(NoisySearch(line(64)), lambda _: BAD).result
    assert isinstance(none, NotHere) and "nothing changes" in none.evidence[1] + none.evidence[0]
    assert isinstance(always, NotHere)


def test_when_the_runs_are_spent_the_set_that_holds_the_belief_is_named() -> None:
    drive = run_serial(NoisySearch(line(256), most=9), Coin(100, random.Random(2), passes=0.0))
    assert drive.probes == 9
    assert isinstance(drive.result, Candidates) and "100" in drive.result.points
    assert len(drive.result.points) < 100


def test_workers_share_the_search() -> None:
    searches = [(NoisySearch(line(256)), Coin(99, random.Random(s))) for s in range(20)]
    drives = [run_parallel(search, coin, 4) for search, coin in searches]
    assert np.mean([right(d.result, 99) for d in drives]) >= 0.9
    assert np.mean([d.rounds for d in drives]) < 14


@dataclass(frozen=True)
class Meter:
    """A history whose number falls by `drop` over `length` points from `culprit` on, and varies by `noise`."""

    culprit: int
    dice: np.random.Generator
    drop: float = 1e-3
    noise: float = 1e-4
    length: int = 1
    broken: range = range(0)

    def __call__(self, point: str) -> Verdict:
        i = int(point)
        if i in self.broken:
            return SKIP
        part = min(max((i - self.culprit + 1) / self.length, 0.0), 1.0)
        value = 0.99 - self.drop * part + self.noise * self.dice.standard_normal()
        return Verdict(Kind.GOOD, measure={"correlation": value})


@pytest.mark.parametrize(("noise", "runs"), [(0.0, 16), (1e-4, 18), (3e-4, 30)])
def test_a_step_of_a_measured_number_is_found_without_a_threshold(noise: float, runs: int) -> None:
    found: list[bool] = []
    for seed in range(12):
        dice = np.random.default_rng(seed)
        meter = Meter(int(dice.integers(1, 256)), dice, noise=noise)
        drive = run_serial(ChangePointSearch(line(256), "correlation"), meter)
        found.append(right(drive.result, meter.culprit))
        assert drive.probes <= runs + 20
    assert np.mean(found) >= 0.9


def test_the_evidence_names_both_levels() -> None:
    result = run_serial(ChangePointSearch(line(64), "correlation"), Meter(20, np.random.default_rng(1))).result
    assert isinstance(result, Culprit)
    assert any("correlation goes from 0.99" in said and "to 0.98" in said for said in result.evidence)


def test_a_drift_of_ten_small_steps_is_told_from_one_step() -> None:
    covered: list[float] = []
    for seed in range(12):
        dice = np.random.default_rng(seed)
        meter = Meter(int(dice.integers(1, 245)), dice, length=10)
        result = run_serial(ChangePointSearch(line(256), "correlation"), meter).result
        assert isinstance(result, Candidates) and "a drift over about" in result.evidence[0]
        true = set(map(str, range(meter.culprit, meter.culprit + 10)))
        covered.append(len(true & set(result.points)) / 10)
        assert len(result.points) <= 40
    assert np.mean(covered) >= 0.9


def test_a_number_that_does_not_change_is_not_here() -> None:
    meter = Meter(999, np.random.default_rng(0))
    drive = run_serial(ChangePointSearch(line(64), "correlation"), meter)
    assert isinstance(drive.result, NotHere)
    assert any("stays at 0.99" in said for said in drive.result.evidence)


def test_runs_without_the_number_leave_points_out() -> None:
    meter = Meter(32, np.random.default_rng(0), broken=range(30, 35))
    result = run_serial(ChangePointSearch(line(64), "correlation"), meter).result
    assert isinstance(result, Candidates)
    assert result.points == tuple(map(str, range(30, 36)))


def measured(bad: set[str], dice: np.random.Generator, noise: float = 2e-4) -> Callable[[str], Verdict]:
    """A number that is lower by 1e-3 at the bad points, and varies."""

    def probe(point: str) -> Verdict:
        value = 0.999 - 1e-3 * (point in bad) + noise * float(dice.standard_normal())
        return Verdict(Kind.GOOD, measure={"correlation": value})

    return probe


def test_a_step_on_a_branch_is_found_and_not_its_merge() -> None:
    found: list[bool] = []
    for seed in range(20):
        dice = random.Random(seed)
        parents, culprit = branched(129, dice), dice.randrange(1, 129)
        probe = measured(after(parents, str(culprit)), np.random.default_rng(seed))
        result = run_serial(ChangePointSearch(list(parents), "correlation", parents), probe).result
        found.append(right(result, culprit))
    assert np.mean(found) >= 0.95


def test_a_number_that_fell_and_rose_and_fell_names_a_point_where_it_fell() -> None:
    for seed in range(20):
        dice = random.Random(seed)
        parents = branched(129, dice)
        one, two, three = (after(parents, str(i)) for i in sorted(dice.sample(range(1, 129), 3)))
        bad = (one - two) | three
        if "128" not in bad:
            continue
        search = ChangePointSearch(list(parents), "correlation", parents)
        result = run_serial(search, measured(bad, np.random.default_rng(seed), noise=1e-5)).result
        if isinstance(result, Culprit):
            assert result.point in bad and not bad & set(parents[result.point])


@pytest.mark.slow
def test_the_confidence_of_a_change_point_is_calibrated() -> None:
    told: list[float] = []
    hits: list[bool] = []
    for seed in range(300):
        dice = np.random.default_rng(seed)
        meter = Meter(int(dice.integers(1, 64)), dice, noise=5e-4)
        result = run_serial(ChangePointSearch(line(64), "correlation", drift=0.0), meter).result
        if isinstance(result, Culprit):
            told.append(result.confidence)
            hits.append(right(result, meter.culprit))
    assert len(told) >= 250
    assert abs(np.mean(hits) - np.mean(told)) <= 0.03
