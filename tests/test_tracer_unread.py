"""Lines that were not read and are not the same on both sides: never SAME, whatever they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, Side, compare
from firstbad.tracer.text import parse
from transcripts import perform

ODD = "the {} of it is {}, roughly"


def log(*lines: str, prefix: str = "TRACE") -> str:
    return "".join(f"{prefix}: {line}\n" for line in ("ok 1.5", *lines, "end 2.5"))


def diff(one: str, two: str) -> Diff:
    return compare(parse(one), parse(two), Catalogue())


def lines(found: Diff) -> tuple[list[int], list[int]]:
    a, b = ([one.line for one in found.unread[side]] for side in (Side.REFERENCE, Side.CANDIDATE))
    return a, b


def test_lines_that_say_the_same_on_both_sides_are_no_difference() -> None:
    one, two = log(ODD.format("size", 3)), log(ODD.format("size ", 3), prefix="TRACE_PY")
    found = diff(one, two)
    assert lines(found) == ([], []) and found.same


def test_another_number_in_a_line_that_was_not_read_is_a_difference() -> None:
    found = diff(log(ODD.format("size", 3)), log(ODD.format("size", 4)))
    assert not found.same and found.agree
    assert lines(found) == ([2], [2])
    assert found.as_dict()["same"] is False
    assert [one["text"] for one in found.as_dict()["unread"]["candidate"]] == ["TRACE: " + ODD.format("size", 4)]


def test_only_the_lines_that_differ_are_shown() -> None:
    many = [ODD.format(word, 3) for word in "abcdef"]
    changed = [*many[:2], ODD.format("c", 5), *many[3:]]
    assert lines(diff(log(*many), log(*changed))) == ([4], [4])
    assert lines(diff(log(*many), log(*many[:2], *many[3:]))) == ([4], [])
    assert lines(diff(log(*many), log(*many, *many[:1]))) == ([], [8])


def test_lines_in_another_order_are_a_difference() -> None:
    one, two = ODD.format("a", 3), ODD.format("b", 4)
    assert lines(diff(log(one, two), log(two, one))) == ([2, 3], [2, 3])


def test_a_line_on_one_side_only_is_a_difference_if_it_holds_a_number() -> None:
    for number in ("7", "nan", "-inf"):
        found = diff(log(), log(ODD.format("size", number)))
        assert lines(found) == ([], [2]) and not found.same


def test_a_line_more_beside_one_that_changed_leaves_both_to_be_shown() -> None:
    a, b, c = (ODD.format(word, 3) for word in "abc")
    assert lines(diff(log(a, b, c), log(a, ODD.format("x", 4), ODD.format("y", 5), c))) == ([3], [3, 4])


@pytest.mark.parametrize(("one", "two", "shown"), [(2, 3, ([], [4])), (3, 1, ([3, 4], [])), (0, 2, ([], [2, 3]))])
def test_a_line_that_stands_more_often_on_one_side_is_a_difference(
    one: int, two: int, shown: tuple[list[int], list[int]]
) -> None:
    """Beginning and end alike do not make up for a repetition."""
    same = ODD.format("size", 3)
    found = diff(log(*[same] * one), log(*[same] * two))
    assert lines(found) == shown and not found.same


def test_the_blank_behind_the_prefix_says_nothing() -> None:
    tight = log(ODD.format("size", 3)).replace("TRACE: the", "TRACE:the")
    assert "TRACE:the" in tight and diff(tight, log(ODD.format("size", 3))).same


def test_the_prefix_is_the_first_word_of_the_kind_alone() -> None:
    """A later one may name which trace it is about."""
    one, two = (f"see the TRACE_{which} lines of 3, roughly" for which in ("A", "B"))
    assert lines(diff(log(one), log(two))) == ([2], [2])


def test_prose_without_a_number_is_no_difference() -> None:
    """`TRACE_PY_BASE: Creating Detector...` stands in a log of the field; the other program says no such thing."""
    found = diff(log(), log("Creating the Detector now..."))
    assert found.same and lines(found) == ([], [])


@pytest.mark.parametrize(("one", "two"), [("v [True, False]", "v [True, True]"), ("mu so far", "mu ****** ***")])
def test_what_stands_in_brackets_or_overflowed_may_hold_a_value_whatever_it_says(one: str, two: str) -> None:
    assert not diff(log(one), log(two)).same


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_says_so_and_ends_with_1(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "a.log").write_text(log(ODD.format("size", 3), ODD.format("sum", 3)))
    (tmp_path / "b.log").write_text(log(ODD.format("size", 4), ODD.format("sum", 3)))
    status, said, err = perform(["diff", "a.log", "b.log", *(["--json"] if as_json else [])], tmp_path)
    assert (status, err) == (1, "")
    if as_json:
        assert json.loads(said)["same"] is False
        return
    assert said.startswith("DIFFERENT no origin; 1 line that was not read differs\n")
    assert "candidate, line 2: TRACE: the size of it is 4" in said
    assert "a.log:3 was not read" in said and "a.log:2 was not read" not in said


def test_the_report_says_so() -> None:
    from firstbad.ui.report.words import verdict

    said = verdict(diff(log(ODD.format("size", 3)), log(ODD.format("size", 4))))
    assert said["kind"] == "odd" and said["rest"].endswith("1 line that was not read differs")
