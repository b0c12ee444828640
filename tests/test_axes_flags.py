"""Flags as points."""

from __future__ import annotations

import pytest
from firstbad.bisect.axes.flags import FlagAxis, option_groups
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.verdict import Culprit, Kind, Verdict
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
