"""Long files side by side: what is on one side only does not end the search, and nothing on the way is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from chain_program import CHAIN, names
from firstbad.tracer.diff import compare
from firstbad.tracer.lockstep import AHEAD, HEADER, WINDOW
from firstbad.tracer.stream import compare_files
from firstbad.tracer.text import parse
from long_chain import CAND, NAMES, REF, STEP, Lines, alone, diff, lacking, loop, without
from transcripts import perform


@pytest.fixture(autouse=True)
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as long from one byte on."""
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)


# ---- records of one side only ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drop", "other"),
    [
        (0, False),
        (999, True),
        *(pytest.param(n, o, marks=pytest.mark.slow) for n in (0, 40, 85, 90, 300, 999) for o in (False, True)),
    ],
)
def test_a_dropped_record_is_told_and_the_origin_behind_it_too(tmp_path: Path, drop: int, other: bool) -> None:
    good, bad = loop(1600), loop(1600, fault=1000, k=2.5)
    one, two = (without(good, drop), bad) if other else (good, without(bad, drop))
    found = diff(tmp_path, one, two)
    assert names(found.origins) == ["k"]
    assert alone(found) == {("scaled", CAND if other else REF): 1}
    assert found.missing[0].records[0].line == drop * STEP + NAMES.index("scaled") + 1, "the line of the file"
    assert found.origins[0].reference.line == 1000 * STEP + 3 - (other and 1)


def test_what_is_read_in_step_is_what_is_read_whole(tmp_path: Path) -> None:
    good, bad = loop(400), without(loop(400, fault=350, k=2.5), 20, 21, 100, 300)
    found = diff(tmp_path, good, bad)
    whole = compare(*(parse((tmp_path / name).read_text()) for name in ("a.log", "b.log")), CHAIN)
    assert names(found.origins) == names(whole.origins) == ["k"]
    assert alone(found) == alone(whole) == {("scaled", REF): 4}
    lines = [sorted(record.line for record in one.missing[0].records) for one in (found, whole)]
    assert lines[0] == lines[1]


def test_records_of_either_side_only(tmp_path: Path) -> None:
    found = diff(tmp_path, without(loop(1500), 100, 700), without(loop(1500), 400, 1499))
    assert alone(found) == {("scaled", CAND): 2, ("scaled", REF): 2}
    assert not found.origins and all(one.partly for one in found.missing)
    assert f"{1500 * STEP - 2} trace lines" in found.notes[-1]


@pytest.mark.parametrize("gone", [1, 30])
def test_whole_steps_that_one_side_lacks(tmp_path: Path, gone: int) -> None:
    good = loop(1600)
    found = diff(tmp_path, good, good[: 700 * STEP] + good[(700 + gone) * STEP :])
    assert not found.origins and sum(alone(found).values()) == gone * STEP
    assert set(alone(found)) == {(name, REF) for name in NAMES}


def test_a_quantity_that_one_side_does_not_have_at_all(tmp_path: Path) -> None:
    good, bad = loop(2000), lacking(loop(2000, fault=1900, k=2.5), "table")
    found = diff(tmp_path, good, bad)
    assert names(found.origins) == ["k"]
    assert [(one.quantity, one.side, one.partly) for one in found.missing] == [("table", REF, False)]
    assert 1900 <= alone(found)["table", REF] <= 2000, "those that were read"
    assert len(found.missing[0].records) <= 1000
    assert found.origins[0].side is CAND, "its formula does not need what is lacking"
    assert found.as_dict()["missing"][0]["records"] == alone(found)["table", REF]


def test_a_quantity_that_the_other_side_begins_to_have_is_compared_again(tmp_path: Path) -> None:
    good = loop(3000)
    late = 1000 * STEP
    found = diff(tmp_path, good, lacking(good[:late], "table") + loop(3000, fault=2500, table=4.5)[late:])
    assert names(found.healed) == ["table"], "it differs at one step, and what is computed from it does not"
    assert all(one.partly for one in found.missing if one.quantity == "table")


def test_where_one_side_ends_the_rest_of_the_other_is_counted(tmp_path: Path) -> None:
    good = loop(1500)
    for one, two, side in ((good, good[: 1000 * STEP], REF), (good[: 1000 * STEP], good, CAND)):
        found = diff(tmp_path, one, two)
        ended = {REF: "candidate", CAND: "reference"}[side]
        assert {where for _, where in alone(found)} == {side} and not found.origins and not found.same
        assert found.notes[-1].startswith(f"the {ended} ends before the last {500 * STEP} trace lines of the {side}")


def test_a_last_line_without_its_newline_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in loop(900)))
    (tmp_path / "b.log").write_text("\n".join(loop(900))[:-4])
    found = compare_files(tmp_path / "a.log", tmp_path / "b.log", CHAIN)
    assert not found.origins and alone(found) == {("final", REF): 1}
    assert [one.line for one in found.unread[CAND]] == [900 * STEP]


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    good, bad = loop(900), loop(900, fault=800, k=2.5)
    noisy = [text for i, line in enumerate(bad) for text in ((line, "10% done") if i % 70 == 0 else (line,))]
    found = diff(tmp_path, good, noisy)
    assert found.origins[0].reference.line == 800 * STEP + 3
    assert noisy[found.origins[0].candidate.line - 1] == "TRACE: k 2.5"


# ---- what else is found on the way ----------------------------------------------------------------------------------


def test_the_count_is_of_all_lines(tmp_path: Path) -> None:
    good, short = loop(1500), loop(1500, form=".12g")
    found = diff(tmp_path, good, short)
    assert found.same and found.lines == 1500 * STEP == found.as_dict()["lines"]
    status, out, _ = perform(["diff", "a.log", "b.log"], tmp_path)
    assert status == 0 and out.startswith("SAME 10500 trace lines agree\n\nof the 1799 records shown: ")
    from firstbad.ui.report.words import verdict

    assert verdict(found)["rest"] == "Nothing differs: 10500 trace lines agree"


def test_a_line_that_was_not_read_and_differs_is_no_agreement(tmp_path: Path) -> None:
    good = loop(1500)

    def odd(rounds: int) -> Lines:
        return [*good[:700], f"TRACE: it took {rounds} rounds.", *good[700:]]

    assert diff(tmp_path, odd(3), odd(3)).same
    found = diff(tmp_path, odd(3), odd(4))
    assert not found.same and found.agree
    assert [one.line for one in found.unread[REF]] == [one.line for one in found.unread[CAND]] == [701]


def test_what_heals_early_is_not_forgotten_later(tmp_path: Path) -> None:
    good = loop(1200)
    label = [line.replace("TRACE: scaled 6.4", "TRACE: scaled 6400") for line in good[: 101 * STEP]]
    assert label != good[: 101 * STEP]
    found = diff(tmp_path, good, without(label + good[101 * STEP :], 1100))
    whole = compare(parse(good), parse((tmp_path / "b.log").read_text()), CHAIN)
    assert names(found.healed) == names(whole.healed) and alone(found) == {("scaled", REF): 1}


def test_what_one_side_lacks_is_counted_and_only_some_of_it_kept(tmp_path: Path) -> None:
    good = loop(3000)
    found = diff(tmp_path, good, lacking(without(good, *range(9, 3000, 997)), "table"))
    assert alone(found) == {("table", REF): 3000, ("scaled", REF): 3} and not found.origins
    assert sum(len(one.records) for one in found.missing) <= 1003, "memory does not grow with the file"
    assert len(found.judged) <= HEADER + WINDOW + 5 * AHEAD
