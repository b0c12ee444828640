"""Grafts by formulas: a share is what the repair heals; what no formula tells is never made up."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from firstbad.bisect.axes.grafts import heal, together
from firstbad.tracer.graft_formulas import Formulas
from firstbad.ui.render_graft import healing_lines, nothing_line, percent
from small_traces import catalogue, trace
from transcripts import perform

KNOWN = """
[cell]
kind = "input"
[polar]
kind = "input"
[switch]
kind = "config"
[steps]
kind = "config"
[latt]
parents = ["cell"]
formula = "3*cell"
[sum]
parents = ["latt", "cell", "polar", "switch", "steps"]
formula = [
    { is = "total(latt)", when = "count(latt) == steps and switch == 0" },
    { is = "total(latt)*(polar if switch else 1)", when = "count(latt) == steps and switch > 0" },
]
[final]
parents = ["sum", "polar", "switch"]
formula = "sum*(1 if switch else polar)"
final = true
"""
CLEAN = "cell 2; polar 0.9; switch 0; steps 2; latt 6; sum 100; final 90"
"""One of two steps is recorded: no formula tells the sum."""


def formulas(candidate: str, reference: str = CLEAN) -> Formulas:
    return Formulas.of([(trace(reference), trace(candidate))], catalogue(KNOWN))


def shares(found: Formulas) -> dict[str, tuple[float, tuple[str, ...]]]:
    return {o.name: (o.healed, o.unsure) for o in heal(found, catalogue(KNOWN)).origins}


def page(found: Formulas, *names: str) -> str:
    healing = together(found, names) if names else heal(found, catalogue(KNOWN))
    return "\n".join(line.plain for line in healing_lines(healing, "1 pixel", healed=healing.healed >= 0.999))


def test_what_matters_to_no_formula_leaves_a_sum_alone_while_another_fault_moves_it():
    """Polarisation is applied at the end: the sum of which one step is shown does not come from it here."""
    found = formulas("cell 2.2; polar 1; switch 0; steps 2; latt 6.6; sum 110; final 110")
    assert shares(found) == {
        "cell": (pytest.approx(0.5), ("sum",)),  # 110 to 100: a half of 20, if the sum follows
        "polar": (pytest.approx(11 / 20), ()),
    }
    assert page(found).startswith("HEALED by polar, cell, if sum follows: 100 % of the error")


def test_a_share_that_no_formula_tells_is_not_told():
    """Here polarisation is multiplied in step by step: what the sum would be without one of two faults nobody knows."""
    clean = CLEAN.replace("switch 0", "switch 1").replace("final 90", "final 100")
    found = formulas("cell 2.2; polar 1; switch 1; steps 2; latt 6.6; sum 110; final 110", clean)
    assert [(name, math.isnan(healed), unsure) for name, (healed, unsure) in sorted(shares(found).items())] == [
        ("cell", True, ("sum",)),
        ("polar", True, ("sum",)),
    ]
    said = page(found)
    assert said.startswith("HEALED by") and "polar: its share cannot be told" in said
    assert "not told: no formula here says what becomes of sum" in said and "--trace-steps" in said
    assert page(found, "polar").startswith("NOT HEALED polar: its share cannot be told")


def test_that_a_run_would_tell_is_said_of_nanobragg_alone():
    """What runs is its simulator: of no other program it could tell anything."""
    clean = CLEAN.replace("switch 0", "switch 1").replace("final 90", "final 100")
    found = heal(
        formulas("cell 2.2; polar 1; switch 1; steps 2; latt 6.6; sum 110; final 110", clean), catalogue(KNOWN)
    )
    own, other = (
        "\n".join(line.plain for line in healing_lines(found, "1 pixel", healed=True, ours=ours))
        for ours in (True, False)
    )
    assert "not told: no formula" in own and "not told: no formula" in other
    assert "-- ARGS" in own and "-- ARGS" not in other


def test_a_graft_under_a_catalogue_of_one_s_own_proposes_no_run_of_nanobragg(tmp_path: Path):
    (tmp_path / "known.toml").write_text(re.sub(r"(?m)^\[(\w+)\]$", r"[quantity.\1]", KNOWN))
    clean = CLEAN.replace("switch 0", "switch 1").replace("final 90", "final 100")
    for name, text in (("a", clean), ("b", "cell 2.2; polar 1; switch 1; steps 2; latt 6.6; sum 110; final 110")):
        (tmp_path / name).write_text("".join(f"TRACE: {record}\n" for record in text.split("; ")))
    _, out, _ = perform(["graft", "a", "b", "--catalogue", "known.toml"], tmp_path)
    assert "not told: no formula" in out and "-- ARGS" not in out


def test_what_decides_which_formula_holds_matters_though_no_formula_computes_with_it():
    found = formulas("cell 2.2; polar 0.9; switch 0; steps 3; latt 6.6; sum 110; final 99")
    assert math.isnan(found.error(frozenset(["steps"])))
    assert found.unsure(frozenset(["steps"])) == ("sum",)


def test_behind_a_quantity_that_is_replaced_nothing_is_untold():
    found = formulas("cell 2.2; polar 0.9; switch 0; steps 3; latt 6.6; sum 110; final 99")
    assert found.error(frozenset(["steps", "sum"])) == pytest.approx(0)


def test_with_every_step_recorded_nothing_is_assumed():
    clean = CLEAN.replace("steps 2", "steps 1").replace("sum 100; final 90", "sum 6; final 5.4")
    found = formulas("cell 2.2; polar 1; switch 0; steps 1; latt 6.6; sum 6.6; final 6.6", clean)
    assert shares(found) == {"cell": (pytest.approx(0.5), ()), "polar": (pytest.approx(0.55), ())}


def test_records_that_one_side_lacks_leave_what_is_computed_from_them_untold():
    clean = CLEAN.replace("steps 2", "steps 3")
    found = formulas("cell 2; polar 0.9; switch 0; steps 3; latt 6.6; latt 6; sum 110; final 99", clean)
    assert math.isnan(found.error(frozenset(["latt"])))


WHOLE = "cell 2; polar 0.9; switch 0; steps 1; latt 6; sum 6; final 5.4"


@pytest.mark.parametrize("value", ["nan", "1.3"])
@pytest.mark.parametrize("swapped", [False, True])
def test_where_the_intensity_agrees_what_differs_is_named_all_the_same(value: str, swapped: bool):
    """Nobody computed with it: nothing heals, and yet not all is well."""
    pair = [WHOLE, WHOLE.replace("polar 0.9", f"polar {value}")]
    found = formulas(*(pair if swapped else pair[::-1]))
    assert heal(found, catalogue(KNOWN)).same
    assert found.differing() == ("polar",)
    assert nothing_line(found.differing(), "1 pixel").plain.startswith(
        "NOTHING TO HEAL at 1 pixel the intensity agrees"
    )
    assert nothing_line((), "1 pixel").plain.startswith("SAME")


def test_what_rounding_explains_is_no_error_to_heal():
    """The cell differs and nobody computed with it: the last digit of the intensity is rounding, and has no share."""
    rounded = WHOLE.replace("cell 2;", "cell -2;").replace("final 5.4", "final 5.4000000000000012")
    found = formulas(rounded, WHOLE)
    assert found.error(frozenset()) == 0
    assert heal(found, catalogue(KNOWN)).same and together(found, ["polar"]).same
    assert found.differing() == ("cell",)


def test_what_is_more_than_rounding_is_an_error_and_what_rounding_leaves_is_none():
    wrong = WHOLE.replace("polar 0.9", "polar 0.90000000001").replace("final 5.4", "final 5.40000000006")
    found = formulas(wrong, WHOLE.replace("final 5.4", "final 5.4000000000000012"))
    assert found.error(frozenset()) == pytest.approx(6e-11, rel=1e-3)
    assert (heal(found, catalogue(KNOWN)).quantities, found.error(frozenset(["polar"]))) == (("polar",), 0)


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (0.5, "50 %"),
        (-1e-10, "1e-08 %"),
        (-0.0002, "nothing (the error grows by 0.02 %)"),
        (-0.4, "nothing (the error grows by 40 %)"),
        (-2, "nothing (the error grows 3-fold)"),
    ],
)
def test_an_error_that_grows_is_told_so_that_it_can_be_seen(share: float, says: str):
    assert percent(share) == says


def test_an_intensity_that_is_no_number_is_wrong_altogether_and_heals():
    found = formulas(WHOLE.replace("0.9", "nan").replace("final 5.4", "final nan"), WHOLE)
    assert shares(found) == {"polar": (1.0, ())}
    assert found.error(frozenset()) == 5.4


def test_what_was_no_number_agrees_once_its_formula_gives_the_reference_s():
    """Nothing is known of the rounding of a NaN: that is no reason for which its successor could not agree."""
    found = formulas("cell nan; polar 0.9; switch 0; steps 1; latt nan; sum nan; final nan", f"{WHOLE}0000000000001")
    healing = heal(found, catalogue(KNOWN))
    assert (healing.quantities, healing.barred, healing.healed) == (("cell",), {}, pytest.approx(1))


LABELLED = """
[wave]
[k]
parents = ["wave"]
formula = "1/wave"
[h]
parents = ["k"]
formula = "3*k"
[polar]
[sum]
parents = ["h", "polar"]
formula = "polar*100"
final = true
"""


@pytest.mark.parametrize("k", ["14285714285.714287", "14285714285.714285"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_unit_label_that_only_one_side_can_be_shown_to_have_is_no_difference(k: str, swapped: bool):
    """Both print k in another unit than their formula's; what shows the label to be wrong, h, one side does not print."""
    whole, lacking = f"wave 0.7; k {k}; h 4.2857142857142865;", "wave 0.7; k 14285714285.714287;"
    mine, yours = (lacking, whole) if swapped else (whole, lacking)
    known = catalogue(LABELLED)
    found = Formulas.of([(trace(mine + "polar 0.9; sum 90"), trace(yours + "polar 1; sum 100"))], known)
    healing = heal(found, known)
    assert ([o.name for o in healing.origins], healing.barred) == (["polar"], {})


def test_a_graft_that_makes_an_error_where_there_was_none_heals_nothing():
    found = together(formulas(WHOLE, WHOLE.replace("polar 0.9", "polar 1.3")), ["polar"])
    assert found.healed == -math.inf
    assert found.after == pytest.approx(2.4)


def test_the_share_of_the_headline_does_not_rest_on_the_intensity_itself():
    """The cell is 1.1 times too large, and the last factor 1.2 instead of 0.9: with the right cell 7.2 of 5.4 remain."""
    whole = formulas("cell 2.2; polar 0.9; switch 0; steps 1; latt 6.6; sum 6.6; final 7.92", WHOLE)
    found = heal(whole, catalogue(KNOWN))
    assert (found.quantities, found.healed, found.itself) == (("cell", "final"), 1.0, "final")
    assert found.without == pytest.approx(0.72 / 2.52)
    assert page(whole).startswith("HEALED by cell: 28.57 % of the error; the rest is final itself\n")


def test_of_an_intensity_that_alone_is_at_fault_no_share_is_told():
    found = formulas(WHOLE.replace("final 5.4", "final 6"), WHOLE)
    assert page(found).startswith("HEALED by final, which does not follow from what it comes from\n")


def test_an_intensity_that_no_formula_accuses_is_not_replaced():
    """Both follow no formula that is known: the graft of the intensity would say nothing."""
    known = catalogue(KNOWN.replace('formula = "sum*(1 if switch else polar)"\n', ""))
    found = Formulas.of([(trace(WHOLE), trace(WHOLE.replace("final 5.4", "final 6")))], known)
    healing = heal(found, known)
    assert healing.origins == () and list(healing.barred) == ["final"]
    assert "the intensity itself" in healing.barred["final"] == found.obstacle("final")


def test_an_intensity_that_no_formula_gives_is_not_taken_to_follow():
    """The cell is wrong; that the intensity becomes right with it would be assumed, not computed."""
    known = catalogue(KNOWN.replace('formula = "sum*(1 if switch else polar)"\n', ""))
    wrong = "cell 2.2; polar 0.9; switch 0; steps 1; latt 6.6; sum 6.6; final 7"
    found = Formulas.of([(trace(WHOLE), trace(wrong))], known)
    assert math.isnan(found.error(frozenset({"cell"})))
    assert found.unsure(frozenset({"cell"})) == ("final",)


def test_what_is_replaced_is_not_taken_to_follow_in_the_headline():
    """The sum, of which no formula is known here, is replaced, too: only the share of the cell rests on it."""
    found = formulas("cell 2.2; polar 1; switch 0; steps 2; latt 6.6; sum 110; final 110")
    assert page(found, "cell", "sum").startswith("NOT HEALED cell, sum: ")
    assert page(found, "cell", "sum", "polar").startswith("HEALED by cell, sum, polar: 100 %")
