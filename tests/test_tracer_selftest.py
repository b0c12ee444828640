"""Planting many faults: what formulas make of a trace is worked out once, and a fault leaves nothing behind for the next."""

from __future__ import annotations

from firstbad.tracer.diff import Case, Role
from firstbad.tracer.selftest import FAULTS, plant, plant_in, selftest
from small_traces import catalogue, trace

KNOWN = catalogue("""
    [parameter.n]
    kind = "integer"

    [x]
    kind = "input"

    [v]
    shape = [2]
    parents = ["x"]
    formula = "(n*x, x*x)"

    [w]
    parents = ["v"]
    formula = "v[0] + v[1]"
""")
RUN = "x{phi=0} 1.5; v{phi=0} 4.5 2.25; w{phi=0} 6.75; x{phi=1} 2.5; v{phi=1} 7.5 6.25; w{phi=1} 13.75"


def test_a_fault_is_the_same_whatever_was_planted_before_it() -> None:
    clean = trace(RUN)
    used = Case(clean, clean, KNOWN)
    for name in ("x", "v", "w", "v", "x"):
        for fault in FAULTS:
            bad, leads_on = plant_in(used, name, fault)
            assert (bad, leads_on) == plant(clean, KNOWN, name, fault) or fault.name == "not a number"
            assert (bad is None) == (plant(clean, KNOWN, name, fault)[0] is None)
    assert used.a.trace == clean


def test_a_planted_fault_leads_on_through_the_formulas() -> None:
    clean = trace(RUN)
    bad, leads_on = plant_in(Case(clean, clean, KNOWN), "x", FAULTS[3])
    assert leads_on and bad is not None
    assert [record.numbers[0] for record in bad if record.quantity == "v"] == [4500, 7500]


def test_a_fault_that_is_taken_for_a_decision_near_a_tie_was_missed() -> None:
    known = catalogue('[x]\nkind = "input"\n[n]\nkind = "branch"\nparents = ["x"]\nformula = "ceil(x)"')
    off_by_one = [fault for fault in FAULTS if fault.name == "off by one"]
    clean = trace("x 3; n 3; x 5; n 5")
    planted = {one.quantity: one for one in selftest(clean, clean, known, off_by_one).planted}
    assert (planted["n"].role, planted["n"].missed) == (Role.FLIPPED, True) and "noise" in planted["n"].why
    clean = trace("x 3; n 3; x 4.5; n 5")
    assert selftest(clean, clean, known, off_by_one).awake, "one of them is far from any tie"
