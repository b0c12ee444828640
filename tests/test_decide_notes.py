"""What is said beside the findings, word for word. Seals, float32 and unknown names: test_decide_diff_settings.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.model import Manifest, Trace
from small_traces import catalogue, diff, sealed, told, trace

KNOWN = catalogue(
    """
    [x]
    kind = "input"
    aliases = ["ex"]
    [hkl_frac]
    [hkl_rounded]
    kind = "branch"
    parents = ["x"]
    formula = "ceil(x - 0.5)"
    [I_before_scaling]
    parents = ["hkl_frac", "hkl_rounded"]
    [scaled]
    parents = ["I_before_scaling"]
    formula = "2*I_before_scaling"
    [steps]
    kind = "config"
    """
)


def steps(count: int | str, shown: int) -> str:
    return (
        f"I_before_scaling sums {count} steps and the traces show {shown} of them: "
        "run both programs again with --trace-steps, then the step that is at fault is named"
    )


def noted(a: str, b: str, known: Catalogue = KNOWN) -> tuple[str, ...]:
    return diff(known, sealed(a), sealed(b)).notes


# ---- a sum of which the steps are not shown --------------------------------------------------------------------


def summed(total: int, shown: int, rest: str = "steps 3") -> str:
    return "; ".join(["hkl_frac 0.1"] * shown + [f"I_before_scaling {total}", rest])


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        (summed(10, 0), summed(11, 0), (steps(3, 0),)),
        (summed(10, 1), summed(11, 1), (steps(3, 1),)),
        (summed(10, 2), summed(11, 2), (steps(3, 2),)),
        (summed(10, 3), summed(11, 3), ()),
        (summed(10, 4), summed(11, 4), ()),
        (summed(10, 3), summed(11, 1), (steps(3, 1),)),
        (summed(10, 1), summed(11, 3), (steps(3, 1),)),
        (summed(10, 1), summed(10, 1), ()),
        (summed(10, 0, "steps 2500000"), summed(11, 0, "steps 2500000"), (steps(2500000, 0),)),
        (summed(10, 1, "x 1"), summed(11, 1, "steps 3"), (steps(3, 1),)),
        (summed(10, 1, "steps 3"), summed(11, 1, "x 1"), (steps(3, 1),)),
        (summed(10, 1, "x 1"), summed(11, 1, "x 1"), ()),
        (summed(10, 1, "steps many"), summed(11, 1, "steps many"), ()),
        (summed(10, 1, "steps many; steps 3"), summed(11, 1, "steps many; steps 3"), (steps(3, 1),)),
    ],
)
def test_a_sum_that_differs_asks_for_its_steps_where_one_side_shows_fewer(a: str, b: str, note: tuple[str]) -> None:
    assert noted(a, b) == note


def test_a_side_that_is_known_to_be_at_fault_needs_no_steps() -> None:
    summing = catalogue(
        "[x]\nkind = 'input'\n[I_before_scaling]\nparents = ['x']\nformula = '5*x'\n[steps]\nkind = 'config'"
    )
    a, b = "x 2; I_before_scaling 10; steps 3", "x 2; I_before_scaling 11; steps 3"
    assert told(diff(summing, sealed(a), sealed(b))) == {"I_before_scaling": "origin"}
    assert noted(a, b, summing) == ()


def test_where_another_origin_comes_first_no_steps_are_asked_for() -> None:
    a, b = summed(10, 1) + "; scaled 20", summed(10, 1) + "; scaled 22"
    assert told(diff(KNOWN, sealed(a), sealed(b))) == {"scaled": "origin"}
    assert noted(a, b) == ()


def test_where_a_decision_near_a_tie_is_all_there_is_no_steps_are_asked_for() -> None:
    a, b = (
        f"I_before_scaling {total}; x {x}; hkl_rounded {h}; steps 3"
        for total, x, h in ((10, "0.5", 0), (11, "0.5000000000000001", 1))
    )
    assert told(diff(KNOWN, sealed(a), sealed(b))) == {"I_before_scaling": "inherited", "hkl_rounded": "flipped"}
    assert noted(a, b) == ()


# ---- every step on one side only -------------------------------------------------------------------------------

FIRST = "x 1; hkl_frac 0.1; I_before_scaling 10"
EVERY = "x 1; hkl_frac{source=0,phi=0,mosaic=0} 0.1; hkl_frac{source=0,phi=1,mosaic=0} 0.2; I_before_scaling 10"


def stepped(side: str, other: str) -> str:
    return (
        f"the {side} was traced with every step (source, phi, mosaic: --trace-steps), the {other} was not: "
        f"that is why only the {side} has some records of 1 of the quantities; trace both sides alike"
    )


def test_every_step_on_one_side_only_is_said_to_be_that() -> None:
    assert noted(FIRST, EVERY) == (stepped("candidate", "reference"),)
    assert noted(EVERY, FIRST) == (stepped("reference", "candidate"),)
    assert diff(KNOWN, sealed(FIRST), sealed(EVERY)).missing, "it stays a difference"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (EVERY, EVERY),
        (EVERY, EVERY.replace("; hkl_frac{source=0,phi=1,mosaic=0} 0.2", "")),  # it dropped one
        (FIRST, FIRST + "; hkl_frac 0.2"),
        (FIRST, FIRST.replace("hkl_frac", "hkl_frac{source=0,phi=0,mosaic=0}")),  # there is but one step
        (FIRST, FIRST + "; scaled{phi=1} 20"),  # another quantity that the reference lacks
    ],
)
def test_what_is_only_dropped_or_not_traced_is_not_said_to_be_steps(a: str, b: str) -> None:
    assert noted(a, b) == ()


# ---- how the two were paired -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "exchanged"), [("PY", "C", True), ("C", "PY", False), ("C", "C", False), ("PY", "PY", False)]
)
def test_a_python_reference_of_a_c_candidate_may_be_exchanged(one: str, other: str, exchanged: bool) -> None:
    question = "the reference was written by Python and the candidate by C: are the two exchanged?"
    found = diff(KNOWN, sealed("x 1", side=one), sealed("x 1", side=other))
    assert found.notes == ((question,) if exchanged else ())
    assert found.same


def test_a_loop_in_another_order_is_said_with_the_quantities_that_it_runs() -> None:
    a, b = "x 1; hkl_frac 10; x 2; hkl_frac 20", "x 2; hkl_frac 20; x 1; hkl_frac 10"
    assert noted(a, b) == (
        "the candidate runs x, hkl_frac in another order: each is paired by what its iteration says",
    )
    assert noted(a, a) == ()


def test_a_name_before_its_alias_is_no_other_order() -> None:
    assert noted("x 1; ex 1", "ex 1; x 1") == ()


def test_each_learnt_name_has_a_sentence() -> None:
    same = "each is on one side only, and they hold the same"
    assert noted("x 1.23456; hkl_frac 2.34567", "mine 1.23456; other 2.34567") == (
        f"mine is taken for x: {same}",
        f"other is taken for hkl_frac: {same}",
    )


# ---- how they were printed -------------------------------------------------------------------------------------


def printed(text: str) -> Trace:
    """A sealed trace without the line of seventeen digits."""
    return replace(trace(text, head=""), manifest=Manifest())


SIX = "limited by printing: 6 digits hide more than 4 units in the last place of 1 quantity (x)"
NINE = "limited by printing: 9 digits hide more than 4 units in the last place of 2 quantities (x, hkl_frac)"


@pytest.mark.parametrize(
    ("a", "b", "notes"),
    [
        ("x 1.23457", "x 1.2345678901234567", (f"the reference is {SIX}",)),
        ("x 1.2345678901234567", "x 1.23457", (f"the candidate is {SIX}",)),
        ("x 1.23457", "x 1.23457", (f"both sides are {SIX}",)),
        (
            "x 1.23457",
            "x 1.23456789; hkl_frac 1.5",
            (f"the reference is {SIX}", f"the candidate is {NINE}"),
        ),
        ("x 1.2345678901234567", "x 1.2345678901234567", ()),
    ],
)
def test_a_side_that_shows_few_digits_is_named(a: str, b: str, notes: tuple[str, ...]) -> None:
    assert diff(KNOWN, printed(a), printed(b)).notes == notes


# ---- all of them -----------------------------------------------------------------------------------------------


def test_what_concerns_both_comes_before_what_concerns_one_and_the_catalogue_comes_last() -> None:
    a = replace(trace("x 1.23456; x 7; stranger 1; y 9.87654; I_before_scaling 4"), manifest=None)
    b = replace(trace("x 7; x 1.23456; stranger 2; mine 9.87654; I_before_scaling 4"), manifest=None)
    assert diff(KNOWN, a, b).notes == (
        "mine is taken for y: each is on one side only, and they hold the same",
        "the candidate runs x in another order: each is paired by what its iteration says",
        "the reference is unsealed: nothing tells whether it is whole",
        "the candidate is unsealed: nothing tells whether it is whole",
        "the catalogue does not know stranger: order stands in for the graph there",
    )
