"""Which names are taken for one: how many digits tell, how close numbers must be, and whose name is kept."""

from __future__ import annotations

import pytest
from firstbad.tracer.align import By
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.rename import aligned
from small_traces import catalogue, trace

KNOWN = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\naliases = ['why']\n[z]\nparents = ['y']")


def learnt(a: str, b: str, known: Catalogue = KNOWN) -> dict[str, str]:
    return aligned(trace(a), trace(b), known)[3]


def at_one_place(a: str, b: str) -> bool:
    """Whether y and mine, of which the numbers are given, are taken for one where both stand between x and z."""
    return learnt(f"x 1; y {a}; z 5", f"x 1; mine {b}; z 5") == {"mine": "y"}


def elsewhere(a: str, b: str) -> bool:
    """The same where they stand on either side of z."""
    return learnt(f"x 1; y {a}; z 5", f"x 1; z 5; mine {b}") == {"mine": "y"}


# ---- digits that tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "tells"),
    [
        ("1.2345", True),
        ("1.234", False),
        ("-0.00012345", True),
        ("-0.00012", False),
        ("12345", True),
        ("70000", False),  # zeros at the end are no digits that tell
        ("1.2345000", True),
        ("1.2340000", False),
        ("1.2346e+00", True),  # nor is the exponent
        ("1.2346E-10", True),
        ("1.2346D+20", True),
        ("7.0000e+01", False),
        ("1.230e+12", False),
        ("0.000000", False),
        ("nan", False),
        ("inf", False),
        ("word", False),
    ],
)
def test_five_digits_tell_wherever_they_stand_and_fewer_only_at_the_same_place(number: str, tells: bool) -> None:
    assert elsewhere(number, number) is tells
    assert at_one_place(number, number) is (number != "nan"), "nan equals nothing"


def test_in_a_crowd_of_lonely_names_the_place_tells_nothing() -> None:
    for crowd, found in ((7, {"mine": "y"}), (8, {})):
        more = "; ".join(f"n{i} {i + 2}" for i in range(crowd))
        assert learnt(f"x 1; y 90; {more}; z 5", "x 1; mine 90; z 5") == found
        assert learnt("x 1; y 90; z 5", f"x 1; mine 90; {more}; z 5") == found
    assert learnt("y 90", "mine 90") == {"mine": "y"}, "nothing is paired, and there is nothing else"


def test_both_sides_must_show_the_digits_that_tell() -> None:
    assert not elsewhere("2.00001", "2")
    assert not elsewhere("2", "2.00001")
    assert elsewhere("2.0001", "2.0001")


def test_one_number_that_tells_is_enough() -> None:
    assert elsewhere("0 1.2345 7", "0 1.2345 7")
    assert elsewhere("1; y 1.2345", "1; mine 1.2345")
    assert not elsewhere("1 23 45", "1 23 45")


def test_the_same_place_is_behind_the_same_pair_whatever_is_alone_between() -> None:
    assert learnt("x 1; y 7; w 8; z 5", "x 1; v 8; mine 7; z 5") == {"mine": "y", "v": "w"}
    assert learnt("y 7; x 1", "mine 7; x 1", KNOWN) == {"mine": "y"}
    assert learnt("x 1; y 7; x 2; y 8", "x 1; mine 7; x 2; mine 8") == {"mine": "y"}
    assert learnt("x 1; y 7; x 2; y 8", "x 1; x 2; mine 7; mine 8") == {}, "the first stands elsewhere"


# ---- the same numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("100000", "100001", True),  # 1e-5 of it
        ("100000", "100001.0001", False),
        ("-100000", "-100001", True),
        ("100000", "-100000", False),
        ("100000 1", "100000 2", True),  # the size of a vector is that of its largest component
        ("1 100000", "2.001 100000", False),
        ("1.2345 6", "1.2345 7", False),
        ("inf 100000 1", "inf 100000 2", True),
        ("inf", "5", False),
        ("5", "inf", False),
        ("inf", "-inf", False),
        ("0", "0.0", True),
        ("0", "1e-300", False),
        ("0.5", "half", False),
        ("half", "0.5", False),
        ("1.2345", "1.2345 0", False),
        ("[1 2; 3 4]", "[1 2 3 4]", False),
    ],
)
def test_numbers_are_the_same_to_five_digits_of_the_largest(a: str, b: str, same: bool) -> None:
    assert at_one_place(a, b) is same


def test_every_record_must_hold_the_same() -> None:
    assert at_one_place("1.2345; y 2.3456", "1.2345; mine 2.3456")
    assert not at_one_place("1.2345; y 2.3456", "1.2345; mine 9.8765")
    assert not at_one_place("1.2345; y 2.3456", "9.8765; mine 2.3456")


# ---- whose name, and of several which --------------------------------------------------------------------------


def test_the_reference_names_what_no_catalogue_knows() -> None:
    a, b = "ours 1.2345; x 1", "theirs 1.2345; x 1"
    assert learnt(a, b) == {"theirs": "ours"}
    assert learnt(b, a) == {"ours": "theirs"}


def test_a_catalogue_knows_its_aliases_and_parameters_too() -> None:
    assert learnt("mine 1.2345; x 1", "why 1.2345; x 1") == {"mine": "y"}
    parameter = catalogue("[parameter.p]\nkind = 'decimal'\nsolve = 'x'\n[x]\nkind = 'input'")
    assert learnt("mine 1.2345; x 1", "p 1.2345; x 1", parameter) == {"mine": "p"}
    assert learnt("x 1.2345", "p 1.2345", parameter) == {}


def test_a_name_that_has_one_partner_is_its_own() -> None:
    assert learnt("y 1.2345; y 2.3456; z 5", "y 1.2345; mine 2.3456; z 5") == {}
    assert learnt("y 1.2345; mine 2.3456; z 5", "y 1.2345; y 2.3456; z 5") == {}


def test_names_that_hold_the_same_are_taken_in_order_and_the_others_for_themselves() -> None:
    a, b = "gone 3; a 1.2345; b 1.2345; c 2.3456; e 4.5678", "m 1.2345; n 1.2345; o 2.3456; e 9; p 4.5678"
    assert learnt(a, b, Catalogue()) == {"m": "a", "n": "b", "o": "c"}


def test_names_of_which_one_side_has_more_are_taken_for_nothing_and_the_others_are() -> None:
    a, b = "a 1.2345; b 1.2345; c 2.3456; x 1", "m 1.2345; o 2.3456; x 1"
    assert learnt(a, b, Catalogue()) == {"o": "c"}
    assert learnt(b, a, Catalogue()) == {"c": "o"}


# ---- what comes of it ------------------------------------------------------------------------------------------


def test_the_records_of_a_learnt_name_are_pairs_of_the_quantity() -> None:
    a, b, pairs, names = aligned(trace("x 1; y 1.2345"), trace("x 1; mine 1.2345"), KNOWN)
    assert names == {"mine": "y"}
    assert [(p.quantity, p.by) for p in pairs] == [("shown", By.KEY), ("x", By.KEY), ("y", By.ALIAS)]
    assert [b.name(record) for record in b.trace.records] == ["shown", "x", "y"]
    assert a.catalogue is b.catalogue and a.catalogue.canonical("mine") == "y"
    assert KNOWN.canonical("mine") == "mine", "the catalogue itself has learnt nothing"


def test_where_nothing_is_learnt_the_catalogue_is_the_one_that_was_given() -> None:
    a, b, pairs, names = aligned(trace("x 1; y 2"), trace("x 1; mine 3"), KNOWN)
    assert names == {} and a.catalogue is KNOWN and b.catalogue is KNOWN
    assert {(p.quantity, p.by) for p in pairs[2:]} == {("y", By.NOTHING), ("mine", By.NOTHING)}
