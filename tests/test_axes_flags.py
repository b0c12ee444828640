"""Flags and grafts as points."""

from __future__ import annotations

import math

import pytest
from firstbad.bisect.axes.flags import FlagAxis, option_groups
from firstbad.bisect.axes.grafts import GraftAxis
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.verdict import Culprit, Kind, Several, Verdict
from firstbad.tracer.errors import FirstbadError
from hypothesis import given, settings
from hypothesis import strategies as st


def split(text: str) -> list[str]:
    return text.split()


def test_options_keep_their_values_and_negative_numbers_are_values() -> None:
    words = split("-cell 100 100 100 90 90 90 -N 5 -matrix A.mat -Xbeam -1.5 -square_xtal -phi -.5 -1e-3")
    assert option_groups(words) == [
        ("-cell", "100", "100", "100", "90", "90", "90"),
        ("-N", "5"),
        ("-matrix", "A.mat"),
        ("-Xbeam", "-1.5"),
        ("-square_xtal",),
        ("-phi", "-.5", "-1e-3"),
    ]


def test_compiler_words_stand_alone_unless_they_take_a_value() -> None:
    line = ["gcc", "-O3", "main.c", "-o", "out", "-I", "inc", "-DX=1", "-lm"]
    assert [" ".join(g) for g in option_groups(line, compiler=True)] == [
        "gcc",
        "-O3",
        "main.c",
        "-o out",
        "-I inc",
        "-DX=1",
        "-lm",
    ]


def test_the_compiler_flag_that_matters_is_named() -> None:
    good, bad = split("gcc -O2 -g a.c -lm"), split("gcc -O3 -ffast-math -march=native a.c -lm -Wall")
    axis = FlagAxis(good, bad, compiler=True)
    assert axis.points == ("drop -O2", "drop -g", "add -O3", "add -ffast-math", "add -march=native", "add -Wall")

    def probe(chosen: frozenset[str]) -> Verdict:
        return Verdict(Kind.BAD if "-ffast-math" in axis.command(chosen) else Kind.GOOD)

    result = run_serial(axis.search(), probe).result
    assert isinstance(result, Culprit) and result.point == "add -ffast-math"


def test_a_changed_value_is_one_edit() -> None:
    axis = FlagAxis(["-N", "5", "-cell", "1", "2", "3"], ["-N", "6", "-cell", "1", "2", "3", "-oversample", "2"])
    assert axis.points == ("-N 5 -> -N 6", "add -oversample 2")
    assert axis.command(["-N 5 -> -N 6"]) == ["-N", "6", "-cell", "1", "2", "3"]
    with pytest.raises(FirstbadError, match="the same"):
        FlagAxis(["-a"], ["-a"])


words = st.lists(st.sampled_from(["-a", "-b", "-c", "-d", "1", "-2", "x.c"]), max_size=8)


@settings(max_examples=300, deadline=None)
@given(words, words, st.booleans())
def test_no_edit_gives_the_good_line_and_all_give_the_bad_one(good: list[str], bad: list[str], compiler: bool) -> None:
    if good == bad:
        return
    axis = FlagAxis(good, bad, compiler=compiler)
    assert axis.command([]) == good
    assert axis.command(axis.points) == bad
    assert len(set(axis.points)) == len(axis.points)


def test_grafts_that_heal_together_are_named() -> None:
    """A product of three quantities of which two are wrong: only both grafts heal it."""
    reference = {"F_cell": 100.0, "F_latt": 5.0, "omega": 2.0}
    candidate = {"F_cell": 90.0, "F_latt": 5.0, "omega": 2.5}

    def run(grafted: frozenset[str]) -> float:
        product = math.prod(reference[q] if q in grafted else v for q, v in candidate.items())
        return abs(product / math.prod(reference.values()) - 1)

    axis = GraftAxis(tuple(candidate), run, 1e-6, lower_is_better=True)
    result = run_serial(axis.search(), axis.probe).result
    assert isinstance(result, Several)
    assert [set(s) for s in result.sets] == [{"F_cell", "omega"}]
    assert "only F_cell, omega is good: 0" in result.evidence
    ranked = dict(axis.ranked(perfect=0.0))
    assert ranked["F_latt"] == 0.0 and ranked["F_cell"] < 0 < ranked["omega"] < 1


def test_a_graft_run_without_a_number_or_with_a_known_error_is_no_verdict() -> None:
    def run(grafted: frozenset[str]) -> float:
        if grafted:
            raise FirstbadError("no such tap", remedy="Name another", slug="graft-unknown")
        return math.nan

    axis = GraftAxis(["a"], run, 0.9)
    assert axis.probe(frozenset()).kind is Kind.NO_DATA
    assert axis.probe(frozenset(["a"])).kind is Kind.CANNOT_RUN
