"""Searches that live with noise: right often enough, with few runs, and honest about their confidence."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest
from firstbad.bisect.search.changepoint import ChangePointSearch
from firstbad.bisect.search.drive import run_parallel, run_serial
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


def _toss(seed: int, passes: float | None = 0.2) -> tuple[bool, float, int]:
    """One search over 256 commits; without `passes` the rates are drawn from the search's own priors."""
    dice = random.Random(seed)
    rates = (dice.betavariate(1, 4), dice.betavariate(1, 50)) if passes is None else (passes, 0.0)
    coin = Coin(dice.randrange(1, 257), dice, *rates)
    drive = run_serial(NoisySearch(line(257)), coin)
    stated = drive.result.confidence if isinstance(drive.result, Culprit) else 0.0
    return right(drive.result, coin.culprit), stated, drive.probes


def test_flaky_256_commits_cost_less_than_three_runs_a_probe() -> None:
    hits, _, runs = zip(*(_toss(seed) for seed in range(100)), strict=True)
    assert np.mean(hits) >= 0.95
    assert np.mean(runs) < 24


@pytest.mark.slow
@pytest.mark.parametrize("passes", [0.2, None])
def test_stated_confidence_is_calibrated_over_a_thousand_searches(passes: float | None) -> None:
    hits, stated, runs = zip(*(_toss(seed, passes) for seed in range(1000)), strict=True)
    told = [s for s in stated if s]
    correct = [h for h, s in zip(hits, stated, strict=True) if s]
    assert abs(np.mean(correct) - np.mean(told)) <= 0.03
    assert np.mean(hits) >= 0.95
    assert np.mean(runs) < 24


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
