"""Long files of which one lacks many steps in a row, or a quantity throughout: what is said is what is said of them whole."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from chain_program import names
from firstbad.tracer.diff import Diff, Side
from firstbad.tracer.lockstep import AHEAD, HEADER, WINDOW
from hypothesis import example, given, settings
from hypothesis import strategies as st
from long_chain import CAND, REF, STEP, Lines, alone, diff, faulty, lacking, loop, whole

LATE = 31
"""A loop that begins here changes by 3e-5 of its values from step to step: its neighbours are nearly the same."""


@pytest.fixture(autouse=True)
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as long from one byte on."""
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)


def dropped(lines: Lines, step: int, count: int) -> Lines:
    return lines[: step * STEP] + lines[(step + count) * STEP :]


def told(found: Diff) -> tuple[list[tuple[str, Side, int, int]], dict[tuple[str, Side], list[int]]]:
    """The origins with their sides and lines, and the lines of what only one side has."""
    origins = [(f.quantity, f.side, f.reference.line, f.candidate.line) for f in found.origins]
    return origins, {(one.quantity, one.side): [r.line for r in one.records] for one in found.missing}


# ---- steps in a row ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "first"), [(1, LATE), (150, 1), (150, LATE), (700, LATE)])
@pytest.mark.parametrize("added", [False, True])
def test_steps_that_one_side_lacks_are_told_and_the_origin_behind_them_too(
    tmp_path: Path, count: int, first: float, added: bool
) -> None:
    good, bad = loop(2000, first=first), loop(2000, first=first, fault=1900, k=2.5)
    one, two = (dropped(good, 1000, count), bad) if added else (good, dropped(bad, 1000, count))
    found = diff(tmp_path, one, two)
    assert names(found.origins) == ["k"] and found.origins[0].side is CAND
    assert set(alone(found).values()) == {count} and len(found.missing) == STEP
    lines = sorted(record.line for one in found.missing for record in one.records)
    assert lines == list(range(1000 * STEP + 1, (1000 + count) * STEP + 1)), "each of them, as in its file"
    assert {one.side for one in found.missing} == {CAND if added else REF}


@pytest.mark.parametrize(("form", "off"), [(".12g", 0), (".9g", 1e-10), (".6g", 0), (".7g", 2e-8)])
def test_a_step_is_known_by_values_that_agree_only_nearly(tmp_path: Path, form: str, off: float) -> None:
    good, port = loop(700), loop(700, form=form, off=off)
    found = diff(tmp_path, good, dropped(port, 300, 150))
    assert set(alone(found).values()) == {150}
    assert {r.line for one in found.missing for r in one.records} == set(range(300 * STEP + 1, 450 * STEP + 1))


def test_steps_are_lacking_where_the_fault_begins_that_stays(tmp_path: Path) -> None:
    good, bad = loop(2000, first=LATE), loop(2000, first=LATE, fault=0, stays=True, k=2.5)
    found = diff(tmp_path, good, good[: 1000 * STEP] + bad[1150 * STEP :])
    assert names(found.origins) == ["k"] and found.origins[0].reference.line == 1150 * STEP + 3
    assert set(alone(found).values()) == {150}


def test_an_inner_loop_that_says_the_same_in_each_step_of_the_outer_one_is_no_proof_of_the_step(tmp_path: Path) -> None:
    def nested(fault: int = -1) -> Lines:
        rows = [(phi, m) for phi in range(40) for m in range(50)]
        return [
            line
            for i, (phi, m) in enumerate(rows)
            for line in (
                *(f"TRACE: mosaic_{n} {m * 0.37 + n:.17g}" for n in range(3)),
                f"TRACE: phi {30 + phi * 0.01:.17g}",
                *(f"TRACE: seen_{n} {(30 + phi * 0.01) * (m + n + (i == fault)):.17g}" for n in range(3)),
            )
        ]

    found = diff(tmp_path, nested(), dropped(nested(fault=1500), 1000, 150))
    assert set(alone(found).values()) == {150}
    assert found.origins[0].quantity == "seen_0" and found.origins[0].reference.line == 1500 * STEP + 5


def test_steps_are_lacking_in_front_of_the_first_one_and_of_the_last(tmp_path: Path) -> None:
    good = loop(900, first=LATE)
    for step in (0, 740):
        found = diff(tmp_path, good, dropped(good, step, 150))
        assert not found.origins and set(alone(found).values()) == {150}


def test_what_was_looked_through_is_not_kept(tmp_path: Path) -> None:
    good = loop(2500, first=LATE)
    found = diff(tmp_path, good, dropped(loop(2500, first=LATE, fault=2400, k=2.5), 500, 1200))
    assert names(found.origins) == ["k"] and set(alone(found).values()) == {1200}
    assert all(len(one.records) == 1000 and one.more == 200 for one in found.missing)
    assert len(found.judged) <= HEADER + WINDOW + 2 * AHEAD


def test_more_steps_than_are_looked_through_end_the_search_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstbad.tracer.lockstep.SIZES", (AHEAD, 4 * AHEAD))
    good = loop(3000)
    found = diff(tmp_path, good, dropped(good, 1000, 500))
    assert not found.same and "do not run in step again within 1600 lines" in found.notes[-1]


# ---- a quantity throughout --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("a", "k"), ("table", "k"), ("table", "final"), ("scaled", "sum")],
)
@pytest.mark.parametrize("lacks", [REF, CAND])
def test_the_side_at_fault_is_told_where_a_quantity_is_lacking(
    tmp_path: Path, name: str, wrong: str, lacks: Side
) -> None:
    """As of the whole files: by the formulas that do not need it, and by those of the side that has it."""
    good, bad = loop(500), faulty(500, 400, wrong)
    one, two = (good, lacking(bad, name)) if lacks is CAND else (lacking(good, name), bad)
    found = diff(tmp_path, one, two)
    assert told(found)[0] == told(whole(tmp_path))[0]


def test_lines_that_were_read_ahead_are_compared_where_the_other_side_begins_to_have_them(tmp_path: Path) -> None:
    good, late = loop(1500), 1000 * STEP
    found = diff(tmp_path, good, lacking(good[:late], "table") + good[late:])
    assert not found.origins and alone(found) == {("table", REF): 1000}


# ---- all of it --------------------------------------------------------------------------------------------------------


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(1, 60)), max_size=3),
    st.sampled_from(["", "b", "table", "sum"]),
    st.sampled_from(["", "k", "sum", "final"]),
    st.sampled_from([1, LATE]),
)
@example([(True, 40, 60), (False, 30, 40)], "", "k", LATE)
def test_what_is_read_in_step_is_what_is_read_whole(
    gaps: list[tuple[bool, int, int]], lacks: str, wrong: str, first: float
) -> None:
    """Steps that either side lacks, a quantity that one lacks, and a fault: each answer is that of the whole files."""
    both = loop(400, first=first), faulty(400, 390, wrong, first)
    one, two = ([lines[i : i + STEP] for i in range(0, len(lines), STEP)] for lines in both)
    for begin, (side, step, count) in zip((0, 125, 250), gaps, strict=False):
        for at in range(begin + step, begin + step + count):
            (one, two)[side][at] = []
    two = [[line for line in step if f" {lacks} " not in line] for step in two]
    with TemporaryDirectory() as folder:
        found = diff(Path(folder), [*chain(*one)], [*chain(*two)])
        expected = whole(Path(folder))
    assert told(found)[0] == told(expected)[0]
    assert {key: n for key, n in alone(found).items() if key[0] != lacks} == {
        key: n for key, n in alone(expected).items() if key[0] != lacks
    }
    assert found.agree == expected.agree and found.same == expected.same
