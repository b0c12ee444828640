"""The unordered search: all minimal sets that matter, each proved both ways, in few probes."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

import pytest
from firstbad.bisect.search.drive import run_parallel, run_serial
from firstbad.bisect.search.subsets import SubsetSearch
from firstbad.bisect.verdict import Candidates, Culprit, Flaky, Kind, NotHere, Result, Several, Verdict
from firstbad.tracer.errors import FirstbadError
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD, BAD, SKIP = Verdict(Kind.GOOD), Verdict(Kind.BAD), Verdict(Kind.CANNOT_RUN)
Probe = Callable[[frozenset[str]], Verdict]


def names(n: int) -> list[str]:
    return [f"f{i}" for i in range(n)]


def bad_with(*sets: Collection[str], needs: Collection[str] = ()) -> Probe:
    """Bad where all points of one of `sets` are there; cannot run without `needs`."""

    def probe(chosen: frozenset[str]) -> Verdict:
        if not chosen.issuperset(needs):
            return SKIP
        return BAD if any(chosen.issuperset(s) for s in sets) else GOOD

    return probe


def found(result: Result | None) -> set[frozenset[str]]:
    if isinstance(result, Culprit):
        return {frozenset([result.point])}
    assert isinstance(result, Several), result
    return {frozenset(s) for s in result.sets}


@pytest.mark.parametrize(("n", "size"), [(300, 1), (300, 2), (60, 1)])
def test_the_cause_among_many_costs_at_most_thirty_probes(n: int, size: int) -> None:
    for seed in range(12):
        planted = random.Random(seed).sample(names(n), size)
        drive = run_serial(SubsetSearch(names(n)), bad_with(planted))
        assert found(drive.result) == {frozenset(planted)}
        assert drive.probes <= (30 if size == 2 else 16)


def test_a_single_culprit_is_proved_both_ways() -> None:
    result = run_serial(SubsetSearch(names(20)), bad_with(["f7"])).result
    assert isinstance(result, Culprit) and result.point == "f7"
    assert "only f7 is bad, 2 times" in result.evidence
    assert "everything without f7 is good, 2 times" in result.evidence


@pytest.mark.parametrize(
    "planted",
    [
        [["f3"], ["f9"]],
        [["f3", "f5"], ["f9"]],
        [["f3", "f5"], ["f3", "f7"]],
        [["f1"], ["f2"], ["f4"], ["f8"]],
        [["f0", "f19", "f7"]],
    ],
)
def test_every_minimal_set_is_found_also_where_they_overlap(planted: list[list[str]]) -> None:
    result = run_serial(SubsetSearch(names(20)), bad_with(*planted)).result
    assert found(result) == {frozenset(s) for s in planted}


def test_what_is_needed_to_run_is_found_and_not_accused() -> None:
    result = run_serial(SubsetSearch(names(40)), bad_with(["f3", "f30"], needs=["f20", "f4"])).result
    assert found(result) == {frozenset(["f3", "f30"])}


def test_a_cause_that_is_needed_to_run_is_a_candidate_only() -> None:
    result = run_serial(SubsetSearch(names(40)), bad_with(["f3"], needs=["f3"])).result
    assert isinstance(result, Candidates) and result.points == ("f3",)


def test_points_that_only_run_together_are_separated_from_the_cause() -> None:
    """f10 and f12 rename something together: with one of them alone nothing runs."""

    def probe(chosen: frozenset[str]) -> Verdict:
        if ("f10" in chosen) != ("f12" in chosen):
            return SKIP
        return BAD if "f11" in chosen else GOOD

    result = run_serial(SubsetSearch(names(30)), probe).result
    assert isinstance(result, Culprit) and result.point == "f11"


def test_groups_are_tried_whole_first() -> None:
    groups = {p: f"file{int(p[1:]) // 10}" for p in names(100)}
    asked: list[frozenset[str]] = []

    def probe(chosen: frozenset[str]) -> Verdict:
        asked.append(chosen)
        return BAD if "f42" in chosen else GOOD

    result = run_serial(SubsetSearch(names(100), groups=groups, every=False), probe).result
    assert isinstance(result, Culprit) and result.point == "f42"
    whole = [{groups[p] for p in s} for s in asked[2:6]]
    assert all(len(s) == 10 * len(w) for s, w in zip(asked[2:6], whole, strict=True))


def test_hints_shorten_the_search_and_wrong_hints_do_no_harm() -> None:
    right = run_serial(SubsetSearch(names(300), hints=["f7", "f250"]), bad_with(["f250"]))
    wrong = run_serial(SubsetSearch(names(300), hints=["f7", "f8"]), bad_with(["f250"]))
    assert found(right.result) == found(wrong.result) == {frozenset(["f250"])}
    assert right.probes <= 9 and wrong.probes <= 17


def test_ends_that_agree_accuse_nothing() -> None:
    for verdict in (GOOD, BAD):
        drive = run_serial(SubsetSearch(names(9)), lambda _, v=verdict: v)
        assert isinstance(drive.result, NotHere) and drive.probes == 2


def test_a_set_that_answers_differently_is_flaky() -> None:
    count = 0

    def probe(chosen: frozenset[str]) -> Verdict:
        nonlocal count
        count += chosen == {"f3"}
        return BAD if "f3" in chosen and (len(chosen) > 1 or count == 1) else GOOD

    result = run_serial(SubsetSearch(names(8)), probe).result
    assert isinstance(result, Flaky)
    assert (result.point, result.good, result.bad) == ("only f3", 1, 1)


def test_a_removal_that_cannot_be_tried_leaves_a_candidate() -> None:
    def probe(chosen: frozenset[str]) -> Verdict:
        return SKIP if len(chosen) == 7 else BAD if "f3" in chosen else GOOD

    result = run_serial(SubsetSearch(names(8)), probe).result
    assert isinstance(result, Candidates) and result.points == ("f3",)
    assert any("everything without f3 is cannot-run" in said for said in result.evidence)


def test_nothing_to_search_is_a_sentence() -> None:
    with pytest.raises(FirstbadError, match="nothing to search"):
        SubsetSearch([])


@st.composite
def causes(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Points, and up to three causes of which none contains another."""
    points = names(draw(st.integers(2, 16)))
    sets = draw(
        st.lists(st.lists(st.sampled_from(points), min_size=1, max_size=3, unique=True), max_size=3, min_size=1)
    )
    minimal = [s for s in sets if not any(set(t) < set(s) for t in sets)]
    return points, [list(s) for s in {frozenset(s) for s in minimal}]


@settings(max_examples=100, deadline=None)
@given(causes(), st.integers(0, 2**32))
def test_serial_parallel_and_any_order_find_all_sets(case: tuple[list[str], list[list[str]]], seed: int) -> None:
    points, planted = case
    expected = {frozenset(s) for s in planted}
    probe = bad_with(*planted)
    assert found(run_serial(SubsetSearch(points), probe).result) == expected
    assert found(run_parallel(SubsetSearch(points), probe, 4).result) == expected
    assert found(run_parallel(SubsetSearch(points), probe, 4, random.Random(seed)).result) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 9), st.integers(0, 2**32))
def test_nothing_is_named_without_proof_whatever_the_answers(n: int, seed: int) -> None:
    """Answers at random, no monotony at all: what is named is bad alone, and no part of it less one point is."""
    answers: dict[frozenset[str], Verdict] = {frozenset(): GOOD, frozenset(names(n)): BAD}
    dice = random.Random(seed)

    def probe(chosen: frozenset[str]) -> Verdict:
        if chosen not in answers:
            answers[chosen] = dice.choice([GOOD, GOOD, BAD, SKIP])
        return answers[chosen]

    result = run_serial(SubsetSearch(names(n)), probe).result
    assert isinstance(result, Culprit | Several | Candidates)
    if not isinstance(result, Candidates):
        for named in found(result):
            assert answers[named] is BAD
            assert all(answers[named - {p}] is not BAD for p in named)


def test_probes_that_became_useless_are_named() -> None:
    search = SubsetSearch(names(64))
    search.record([], GOOD)
    search.record(names(64), BAD)
    running = search.next(3)
    assert [len(s) for s in running] == [16, 32, 48]
    search.record(running[1], BAD)
    assert search.useless([running[0], running[2]]) == {running[2]}
    assert search.next(2, running=[running[0]]) != [running[0]]
    assert search.remaining == 32


def _resumed(points: Sequence[str], told: dict[frozenset[str], list[Verdict]]) -> SubsetSearch:
    search = SubsetSearch(points)
    for chosen, verdicts in told.items():
        for verdict in verdicts:
            search.record(chosen, verdict)
    return search


def test_a_killed_search_goes_on_where_it_was() -> None:
    probe = bad_with(["f3", "f30"])
    whole = run_serial(SubsetSearch(names(50)), probe)
    told: dict[frozenset[str], list[Verdict]] = {}
    probes = 0
    while (search := _resumed(names(50), told)).result() is None:
        (chosen,) = search.next()
        told.setdefault(chosen, []).append(probe(chosen))
        probes += 1
    assert search.result() == whole.result and probes == whole.probes
