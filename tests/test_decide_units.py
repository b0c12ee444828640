"""A unit that is printed with a value is part of what the line says: another unit is another statement."""

from __future__ import annotations

from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.lockstep import Lockstep
from firstbad.tracer.text import parse
from firstbad.tracer.units import meaning
from transcripts import perform


def diff(one: str, two: str) -> Diff:
    return compare(parse(f"TRACE: {one}\n"), parse(f"TRACE_PY: {two}\n"), Catalogue())


def units(found: Diff) -> list[tuple[object, ...]]:
    return [(s.name, s.reference, s.candidate) for s in found.config if s.source == "unit"]


@pytest.mark.parametrize(
    "line", ["w = 15.5 {}", "w 15.5 {}", "w({}) 15.5", "w = [1.5, 2.5] {}", "v = [3, 4] |w| = 5 {}"]
)
def test_one_number_in_two_units_is_a_difference(line: str) -> None:
    found = diff(line.format("mm"), line.format("m"))
    name = "unit of |w|" if "|w|" in line else "unit of w"
    assert units(found) == [(name, "mm", "m")]
    assert not found.same and found.agree, "the numbers agree, the words do not"


@pytest.mark.parametrize("line", ["w = 15.5 {}", "w 15.5 {}"])
def test_a_unit_on_one_side_only_is_no_difference(line: str) -> None:
    assert diff(line.format("mm"), line.format("")).same
    assert diff(line.format(""), line.format("mm")).same
    assert diff(line.format("mm"), line.format("mm")).same


@pytest.mark.parametrize(
    "spelled",
    [
        ["m", "meters", "meter", "metres", "metre"],
        ["Å", "A", "Angstrom", "Angstroms", "\N{ANGSTROM SIGN}"],
        ["°", "deg", "degree", "degrees"],
        ["rad", "radian", "radians"],
        ["sr", "steradian", "steradians"],
        ["um", "\N{MICRO SIGN}m", "\N{GREEK SMALL LETTER MU}m"],
        ["photon", "photons"],
        ["1/Å", "Å^-1", "Å⁻¹", "A-1", "1/Angstrom", "Angstroms^-1"],
        ["m^3", "m³", "meters^3", "m+3"],
        ["photons/m^2", "photons/meter²"],
    ],
)
def test_the_spellings_of_one_unit_mean_the_same(spelled: list[str]) -> None:
    assert len({meaning(one) for one in spelled}) == 1


def test_other_units_mean_something_else() -> None:
    labels = [
        "m",
        "mm",
        "Å",
        "1/Å",
        "Å^-2",
        "m^3",
        "m/s",
        "s",
        "rad",
        "°",
        "%",
        "px",
        "photons",
        "photons/m^2",
        "μm",
        "1/m",
    ]
    assert len({meaning(one) for one in labels}) == len(labels)


def test_a_quantity_is_told_once_with_the_first_labels_that_differ() -> None:
    one = parse("TRACE: w = 1 m\nTRACE: w = 2 m\nTRACE: w = 3 m\nTRACE: v = 4 m\n")
    two = parse("TRACE: w = 1 m\nTRACE: w = 2 mm\nTRACE: w = 3 Å\nTRACE: v = 4 m\n")
    assert units(compare(one, two, Catalogue())) == [("unit of w", "m", "mm")]


def test_a_record_of_one_side_has_no_unit_to_compare() -> None:
    assert units(compare(parse("TRACE: w = 1 m\n"), parse("TRACE: v = 2 mm\n"), Catalogue())) == []


def test_a_long_trace_tells_it_too(tmp_path: Path) -> None:
    paths = tmp_path / "a.log", tmp_path / "b.log"
    paths[0].write_text("TRACE: v 2.5\nTRACE: w = 1.5 mm\n")
    paths[1].write_text("TRACE: v 2.5\nTRACE: w = 1.5 m\n")
    found = Lockstep(paths, Catalogue(), None).run()
    assert units(found) == [("unit of w", "mm", "m")] and not found.same


def test_what_the_command_says(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("TRACE: w = 15.5 mm\n")
    (tmp_path / "b.log").write_text("TRACE: w = 15.5 m\n")
    status, said, _ = perform(["diff", "a.log", "b.log"], tmp_path)
    assert status == 1
    assert said.startswith("DIFFERENT no origin; 1 different unit\n\nunits differ, look here first\n")
    assert "  unit of w: reference mm, candidate m\n" in said


@pytest.mark.parametrize("odd", ["-", "+", "^", "m-", "m^-", "/", "//", "1/", "a+b", "%", "°", "²"])
def test_labels_of_any_kind_mean_something(odd: str) -> None:
    assert meaning(odd) == meaning(odd) != meaning("mm")
