"""The ordered search: exact where it can be, and never a false accusation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from firstbad.bisect.search.drive import run_parallel, run_serial
from firstbad.bisect.search.ordered import OrderedSearch
from firstbad.bisect.verdict import Candidates, Culprit, Flaky, Kind, NotHere, Several, Verdict
from firstbad.tracer.errors import FirstbadError
from histories import Story, generate
from hypothesis import example, given, settings
from hypothesis import strategies as st

GOOD, BAD, SKIP = Verdict(Kind.GOOD), Verdict(Kind.BAD), Verdict(Kind.CANNOT_BUILD)
OTHER = Verdict(Kind.OTHER_BAD)
Probe = Callable[[str], Verdict]


def line(n: int) -> dict[str, list[str]]:
    return {f"c{i}": [f"c{i - 1}"] for i in range(1, n + 1)}


def from_point(k: int, skip: range = range(0)) -> Probe:
    def probe(point: str) -> Verdict:
        i = int(point[1:])
        return SKIP if i in skip else BAD if i >= k else GOOD

    return probe


def ends_known(n: int) -> OrderedSearch:
    search = OrderedSearch(line(n), ["c0"], f"c{n}")
    search.record("c0", GOOD)
    search.record(f"c{n}", BAD)
    return search


@pytest.mark.parametrize("culprit", [1, 2, 3, 333, 500, 501, 777, 999, 1000])
def test_a_thousand_commits_need_ten_rounds_alone_and_four_with_seven_workers(culprit: int) -> None:
    alone = run_serial(ends_known(1000), from_point(culprit))
    seven = run_parallel(ends_known(1000), from_point(culprit), 7)
    assert alone.result == seven.result
    assert isinstance(alone.result, Culprit)
    assert (alone.result.point, alone.result.parents) == (f"c{culprit}", (f"c{culprit - 1}",))
    assert alone.rounds <= 10
    assert seven.rounds <= 4


def test_every_culprit_of_a_line_is_found_within_the_bound() -> None:
    worst = 0
    for n in (1, 2, 3, 10, 31, 32, 33):
        for culprit in range(1, n + 1):
            drive = run_serial(ends_known(n), from_point(culprit))
            assert isinstance(drive.result, Culprit) and drive.result.point == f"c{culprit}"
            worst = max(worst, drive.probes - (n - 1).bit_length())
    assert worst == 0


@pytest.mark.parametrize("length", [10, 50, 200, 400])
def test_a_block_of_broken_commits_costs_no_linear_number_of_probes(length: int) -> None:
    block = range(500, 500 + length)
    for culprit in (100, 400, 499, 1000):
        drive = run_serial(ends_known(1000), from_point(culprit, block))
        assert isinstance(drive.result, Culprit) and drive.result.point == f"c{culprit}"
        assert drive.probes <= 24
    inside = run_serial(ends_known(1000), from_point(505, block))
    assert isinstance(inside.result, Candidates)
    assert inside.result.points == tuple(f"c{i}" for i in range(500, 501 + length))
    assert inside.probes <= 50


def test_both_ends_are_tried_first_and_ends_that_agree_accuse_nothing() -> None:
    search = OrderedSearch(line(9), ["c0"], "c9")
    assert search.next(2) == ["c9", "c0"]
    search.record("c9", BAD)
    search.record("c0", Verdict(Kind.BAD, reason="correlation 0.3"))
    result = search.result()
    assert isinstance(result, NotHere)
    assert any("c0 is bad: correlation 0.3" in said for said in result.evidence)


def test_a_failure_that_does_not_come_is_not_here() -> None:
    drive = run_serial(OrderedSearch(line(9), ["c0"], "c9"), lambda _: GOOD)
    assert isinstance(drive.result, NotHere)


def test_an_end_that_cannot_be_tried_rules_nothing_out() -> None:
    result = run_serial(OrderedSearch(line(3), ["c0"], "c3"), lambda p: SKIP if p == "c3" else GOOD).result
    assert isinstance(result, Candidates)
    assert result.points == ("c1", "c2", "c3") and result.skipped == ("c3",)


def test_another_kind_of_bad_is_never_taken_for_the_hunted_one() -> None:
    def probe(point: str) -> Verdict:
        i = int(point[1:])
        return OTHER if 3 <= i < 6 else BAD if i >= 6 else GOOD

    result = run_serial(OrderedSearch(line(9), ["c0"], "c9"), probe).result
    assert isinstance(result, Candidates)
    assert result.points == ("c3", "c4", "c5", "c6")
    assert result.skipped == ("c3", "c4", "c5")


def test_the_repairing_commit_is_found_the_same_way() -> None:
    search = OrderedSearch.repair(line(20), ["c0"], "c20", confirm=True)
    result = run_serial(search, lambda p: GOOD if int(p[1:]) >= 13 else BAD).result
    assert isinstance(result, Culprit)
    assert result.point == "c13"
    assert any(said.startswith("c13 is good") for said in result.evidence)


def test_confirming_asks_for_a_second_probe_and_tells_a_flake() -> None:
    seen: dict[str, int] = {}

    def probe(point: str) -> Verdict:
        seen[point] = seen.get(point, 0) + 1
        bad = int(point[1:]) >= 7 or (point == "c4" and seen[point] == 1)
        return BAD if bad else GOOD

    result = run_serial(OrderedSearch(line(8), ["c0"], "c8", confirm=True), probe).result
    assert isinstance(result, Flaky)
    assert (result.point, result.good, result.bad) == ("c4", 1, 1)
    steady = run_serial(OrderedSearch(line(8), ["c0"], "c8", confirm=True), from_point(7))
    assert isinstance(steady.result, Culprit)
    assert any("c7 is bad, 2 times" in said for said in steady.result.evidence)


def test_a_merge_is_followed_into_the_side_branch() -> None:
    parents = {"a1": ["base"], "b1": ["base"], "b2": ["b1"], "m": ["a1", "b2"], "tip": ["m"]}
    result = run_serial(OrderedSearch(parents, ["base"], "tip"), lambda p: BAD if p in "b2 m tip" else GOOD).result
    assert isinstance(result, Culprit) and result.point == "b2"


def test_a_merge_of_good_parents_is_named_itself() -> None:
    parents = {"a1": ["base"], "b1": ["base"], "m": ["a1", "b1"], "tip": ["m"]}
    result = run_serial(OrderedSearch(parents, ["base"], "tip"), lambda p: BAD if p in "m tip" else GOOD).result
    assert isinstance(result, Culprit)
    assert result.point == "m" and set(result.parents) == {"a1", "b1"}


def test_two_regressions_on_two_branches_are_both_named_when_both_show() -> None:
    parents = {"a1": ["base"], "a2": ["a1"], "b1": ["base"], "b2": ["b1"], "m": ["a2", "b2"]}
    search = OrderedSearch(parents, ["base"], "m")
    result = run_parallel(search, lambda p: BAD if p in ("a2", "b2", "m") else GOOD, workers=7).result
    assert isinstance(result, Several)
    assert set(result.sets) == {("a2",), ("b2",)}


def test_what_came_and_went_before_is_said_but_not_accused() -> None:
    search = ends_known(20)
    for point, verdict in {"c3": BAD, "c9": GOOD}.items():
        search.record(point, verdict)
    result = run_serial(search, lambda p: BAD if int(p[1:]) >= 15 else GOOD).result
    assert isinstance(result, Culprit) and result.point == "c15"
    assert any("c3 is bad, but that came and went" in said for said in result.evidence)


def test_a_bad_point_outside_the_range_is_not_accused() -> None:
    """The side branch left before the good end; its root is bad already: the good line had repaired it."""
    parents = {"s1": ["old"], "good": ["old"], "x": ["good"], "tip": ["x", "s1"]}
    result = run_serial(OrderedSearch(parents, ["good"], "tip"), lambda p: GOOD if p in ("good", "x") else BAD).result
    assert isinstance(result, NotHere)
    assert any("old is bad" in said for said in result.evidence)


def test_probes_that_became_useless_are_named() -> None:
    search = ends_known(100)
    running = search.next(3)
    assert running == ["c25", "c50", "c75"]
    search.record("c50", BAD)
    assert search.useless(["c25", "c75"]) == {"c75"}
    search.record("c25", BAD)
    assert search.next(1, running=["c12"]) != ["c12"]


def test_a_history_of_twenty_thousand_points_is_searched_in_time() -> None:
    drive = run_serial(ends_known(20_000), from_point(11_234))
    assert isinstance(drive.result, Culprit) and drive.result.point == "c11234"
    assert drive.rounds <= 17


def test_bad_ranges_are_sentences() -> None:
    with pytest.raises(FirstbadError, match="not among"):
        OrderedSearch(line(3), ["c0"], "zz")
    with pytest.raises(FirstbadError, match="nothing lies between"):
        OrderedSearch(line(3), ["c3"], "c2")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, list[str]], str, set[str], set[str]]:
    """A random DAG with one tip, one lasting culprit, and random points that cannot be tried."""
    size = draw(st.integers(2, 24))
    parents: dict[str, list[str]] = {}
    names = ["p0"]
    for i in range(1, size):
        above = draw(st.lists(st.sampled_from(names[-6:]), min_size=1, max_size=3, unique=True))
        parents[f"p{i}"] = above
        names.append(f"p{i}")
    loose = set(names) - {p for above in parents.values() for p in above}
    parents["tip"] = sorted(loose)
    culprit = draw(st.sampled_from([*names[1:], "tip"]))
    skipped = draw(st.sets(st.sampled_from(names[1:])))
    bad = {culprit}
    for name, above in parents.items():
        if bad & set(above):
            bad.add(name)
    if "tip" not in bad:  # cannot be: every point leads to the tip
        raise AssertionError
    return parents, culprit, bad, skipped


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_serial_parallel_and_any_order_name_the_same(world: tuple, seed: int) -> None:  # type: ignore[type-arg]
    parents, culprit, bad, skipped = world

    def probe(point: str) -> Verdict:
        return SKIP if point in skipped else BAD if point in bad else GOOD

    def search() -> OrderedSearch:
        return OrderedSearch(parents, ["p0"], "tip")

    alone = run_serial(search(), probe).result
    four = run_parallel(search(), probe, 4).result
    shuffled = run_parallel(search(), probe, 4, random.Random(seed)).result
    named = [_named(r) for r in (alone, four, shuffled)]
    assert named[0] == named[1] == named[2]
    assert type(alone) is type(four) is type(shuffled)
    assert culprit in named[0]
    if not skipped:
        assert isinstance(alone, Culprit) and alone.point == culprit


_AUDITED = (  # p13 is the culprit, and p15, its child beside the accused p18, is all that is left to try
    {
        **{f"p{i}": ["p0"] for i in range(1, 7)},
        **{f"p{i}": [f"p{i - 6}"] for i in range(7, 12)},
        "p12": ["p6", "p7", "p8"],
        "p13": ["p7"],
        "p14": ["p8"],
        "p15": ["p13"],
        "p16": ["p10"],
        "p17": ["p11", "p12", "p13"],
        "p18": ["p12", "p14", "p15"],
        "p19": ["p17"],
        "tip": ["p16", "p18", "p19", "p9"],
    },
    "p13",
    {"p13", "p15", "p17", "p18", "p19", "tip"},
    {"p1", "p13", "p12"},
)


@settings(max_examples=300, deadline=None)
@given(worlds(), st.integers(0, 2**32))
@example(_AUDITED, 0)
def test_bounds_never_lie(world: tuple, seed: int) -> None:  # type: ignore[type-arg]
    """At every step the culprit is still among what remains, whatever order the answers come in."""
    parents, culprit, bad, skipped = world
    search = OrderedSearch(parents, ["p0"], "tip")
    dice = random.Random(seed)
    while search.result() is None:
        asked = search.next(3)
        point = dice.choice(asked)
        search.record(point, SKIP if point in skipped else BAD if point in bad else GOOD)
        assert culprit in search.suspects
        assert search.remaining == len(search.suspects)


def _named(result: object) -> frozenset[str]:
    if isinstance(result, Culprit):
        return frozenset([result.point])
    assert isinstance(result, Candidates), result
    return frozenset(result.points)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([1, 4]), st.booleans())
@example(0, 1, False)
def test_no_history_leads_to_a_false_accusation(seed: int, workers: int, shuffled: bool) -> None:
    _accuses_rightly(generate(seed), seed, workers, shuffled)


def _accuses_rightly(story: Story, seed: int, workers: int, shuffled: bool) -> None:
    steady = Story(story.parents, story.bugs, story.trouble)
    search = OrderedSearch(steady.parents, [steady.first], steady.last)
    result = run_parallel(search, steady.probe, workers, random.Random(seed) if shuffled else None).result
    true = steady.culprits()
    if isinstance(result, Culprit):
        assert result.point in true
    elif isinstance(result, Several):
        assert all(set(s) <= true for s in result.sets)
    else:
        assert isinstance(result, Candidates)
        assert true & set(result.points)


def _judged_where_answers_flake(seeds: range) -> Counter[str]:
    """What the default says of the flaky ones among these histories, where a bad commit passes in 10 or 30 % of runs."""
    said: Counter[str] = Counter()
    for seed in seeds:
        story, dice = generate(seed), random.Random(seed)
        if not story.flaky:
            continue
        search = OrderedSearch(story.parents, [story.first], story.last, confirm=True)
        drive = run_serial(search, lambda c, s=story, d=dice: s.probe(c, d))
        result = drive.result
        said[type(result).__name__] += 1
        said["probes"] += drive.probes
        if isinstance(result, Culprit | Several):
            named = {result.point} if isinstance(result, Culprit) else {p for s in result.sets for p in s}
            assert named <= story.culprits(), seed
        elif isinstance(result, Candidates):
            assert set(result.points) & story.culprits(), seed
    return said


def test_flaky_histories_are_called_flaky_and_accuse_nobody_falsely() -> None:
    assert _judged_where_answers_flake(range(600))["Flaky"] >= 50


@pytest.mark.slow
def test_two_thousand_flaky_histories_accuse_nobody_falsely() -> None:
    said = _judged_where_answers_flake(range(7000))
    assert said["Flaky"] > 700 and said["Culprit"] > 500 and said["Candidates"] > 200, said


def test_a_confirmation_takes_as_many_workers_as_there_are() -> None:
    """Once the search has settled, all that is still to be asked runs at once, also several times the same point."""
    alone, four = (OrderedSearch(line(64), ["c0"], "c64", confirm=True) for _ in range(2))
    serial, drive = run_serial(alone, from_point(40)), run_parallel(four, from_point(40), 4)
    assert serial.result == drive.result
    asked = [len(v) for v in (four._tally.verdicts["c40"], four._tally.verdicts["c39"])]
    assert asked[0] == 2 and asked[1] > 2
    settled = OrderedSearch(line(2), ["c0"], "c2", confirm=4)
    for point, verdict in (("c2", BAD), ("c0", GOOD), ("c1", BAD)):
        settled.record(point, verdict)
    assert settled.next(9) == ["c0", "c1"] * 3
    assert settled.next(9, running=["c0", "c0", "c1"]) == ["c0", "c1", "c1"]


@pytest.mark.slow
def test_two_thousand_generated_histories_accuse_nobody_falsely() -> None:
    for seed in range(2000):
        _accuses_rightly(generate(seed, size=20 + seed % 60), seed, 1 + seed % 5, shuffled=bool(seed % 2))


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32), st.sampled_from([1, 4]), st.booleans())
def test_whatever_the_answers_a_culprit_is_bad_and_its_parents_are_good(
    world: tuple,  # type: ignore[type-arg]
    seed: int,
    workers: int,
    shuffled: bool,
) -> None:
    """Answers at random, no monotony at all; among several or candidates one at least has only good parents."""
    parents, *_ = world
    dice = random.Random(seed)
    truth = {p: dice.choice([GOOD, GOOD, BAD, BAD, SKIP]) for p in parents} | {"p0": GOOD, "tip": BAD}
    search = OrderedSearch(parents, ["p0"], "tip")
    result = run_parallel(search, truth.__getitem__, workers, random.Random(seed) if shuffled else None).result
    if isinstance(result, Culprit):
        assert truth[result.point] is BAD
        assert result.parents and all(truth[p] is GOOD for p in result.parents)
    elif isinstance(result, Several):
        assert all(truth[p] is BAD and all(truth[q] is GOOD for q in parents[p]) for (p,) in result.sets)
    else:
        assert isinstance(result, Candidates)
        assert {p for p in result.points if truth[p] is BAD}
        assert set(result.skipped) <= {p for p in result.points if truth[p] is not BAD}
