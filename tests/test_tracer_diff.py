"""Origin, inherited, healed; sides, costs, decisions, configuration; judging again; long files."""

from __future__ import annotations

import io
import math

import pytest
from chain_program import CHAIN, diff, names, program
from firstbad.tracer.catalogue import Catalogue, from_document, load
from firstbad.tracer.diff import Side, compare
from firstbad.tracer.selftest import FAULTS, plant, selftest
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits, Verdict
from firstbad.tracer.writer import Writer
from hypothesis import given, settings
from hypothesis import strategies as st

# A program small enough to compute here: two inputs, a chain, a branch, a final product.
# ---- origins -------------------------------------------------------------------------------------------------


def test_equal_programs_are_the_same() -> None:
    found = diff(program(), program())
    assert found.same and found.agree and not found
    assert found.first is None


@pytest.mark.parametrize(
    ("change", "origin", "side", "inherited"),
    [
        ({"a": 1.26}, "a", Side.NEITHER, ["sum", "scaled", "final"]),
        ({"k": 2.001}, "k", Side.CANDIDATE, ["scaled", "final"]),
        ({"sum": 1.001}, "sum", Side.CANDIDATE, ["scaled", "final"]),
        ({"scaled": -1}, "scaled", Side.CANDIDATE, ["final"]),
        ({"table": 3.6}, "table", Side.NEITHER, ["final"]),
        ({"final": 1.5}, "final", Side.CANDIDATE, []),
    ],
)
def test_the_origin_is_what_diverges_while_its_parents_agree(
    change: dict[str, float], origin: str, side: Side, inherited: list[str]
) -> None:
    found = diff(program(), program(**change))
    assert names(found.origins) == [origin]
    assert found.origins[0].side is side
    assert names(found.inherited) == inherited
    assert not found.agree and found
    back = diff(program(**change), program())
    assert names(back.origins) == [origin]
    other = {Side.CANDIDATE: Side.REFERENCE, Side.NEITHER: Side.NEITHER}
    assert back.origins[0].side is other[side]


def test_both_sides_can_be_wrong() -> None:
    found = diff(program(scaled=1.01), program(scaled=0.99))
    assert names(found.origins) == ["scaled"]
    assert found.origins[0].side is Side.BOTH


def test_independent_origins_are_ranked_by_what_they_cost() -> None:
    found = diff(program(), program(k=2.001, table=7.0))
    assert names(found.origins) == ["table", "k"]
    table, k = found.origins
    assert table.cost == pytest.approx(2 * math.log(2)) and k.cost == pytest.approx(math.log(2.001 / 2))


def test_an_origin_behind_an_origin_is_found_by_closure() -> None:
    found = diff(program(), program(a=1.3, scaled=1.01))
    assert set(names(found.origins)) == {"a", "scaled"}
    assert dict(zip(names(found.origins), (f.side for f in found.origins), strict=True)) == {
        "a": Side.NEITHER,
        "scaled": Side.CANDIDATE,
    }


def test_absent_parents_are_looked_through() -> None:
    def without(text: str) -> str:
        return "".join(line for line in text.splitlines(True) if "sum" not in line and "scaled" not in line)

    found = diff(without(program()), without(program(a=1.3)))
    assert names(found.origins) == ["a"]
    assert names(found.inherited) == ["final"]
    found = diff(without(program()), without(program(sum=1.01)))
    assert names(found.origins) == ["final"]


def test_within_print_and_noise_nothing_differs() -> None:
    found = diff(program(), program(digits=6))
    assert found.same
    assert found.counts()["within print"] > 0
    found = diff(program(), program(sum=1 + 3e-16))
    assert found.same


# ---- healing --------------------------------------------------------------------------------------------------


def replaced(text: str, name: str, value: float) -> str:
    """The text with one printed value replaced: a trace that lies."""
    lines = text.splitlines(True)
    return "".join(f"TRACE_C: {name} {value:.17g}\n" if line.split()[1] == name else line for line in lines)


def test_what_nothing_inherits_heals() -> None:
    found = diff(program(), replaced(program(), "sum", 3375.0))
    assert names(found.healed) == ["sum"] and not found.origins
    assert found.agree and not found.same
    assert found.healed[0].why.endswith("scaled, index")
    assert found.healed[0].side is Side.CANDIDATE


def test_a_chain_heals_together() -> None:
    text = replaced(replaced(program(), "sum", 9.0), "scaled", 18.0)
    found = diff(program(), text)
    assert names(found.healed) == ["sum", "scaled"] and not found.origins


def test_a_child_that_could_not_show_it_heals_nothing() -> None:
    zero = program(table=0.0)
    found = diff(zero, program(table=0.0, scaled=1.5))
    assert names(found.origins) == ["scaled"], "final is 0 on both sides whatever scaled is"
    found = diff(program(), replaced(program(), "index", 4.0))
    assert [f.quantity for f in (*found.origins, *found.healed)] == ["index"]
    assert found.origins, "a looked-up value may be equal by chance"


def test_the_last_value_cannot_heal() -> None:
    assert names(diff(program(), replaced(program(), "final", 1.0)).origins) == ["final"]


# ---- decisions --------------------------------------------------------------------------------------------------


def test_a_flip_near_a_tie_is_no_origin() -> None:
    a = program(a=1.25, b=1.25, table=3.5)
    b = program(a=1.25, b=1.25 + 4.5e-16, table=4.5)
    found = diff(a, b)
    assert names(found.flipped) == ["index"]
    assert found.flipped[0].verdict is Verdict.FLIPPED
    assert "index" not in names(found.origins) and not found.agree
    assert names(found.inherited) == ["table", "final"]


def test_a_flip_far_from_a_tie_is_an_origin() -> None:
    found = diff(program(), replaced(program(table=4.0), "index", 7.0))
    assert "index" in names(found.origins)
    assert found.origins[0].verdict is Verdict.DIFFERENT


# ---- one-sided, NaN, configuration ---------------------------------------------------------------------------------


def test_one_sided_records_are_listed_by_side() -> None:
    found = diff(program(), program().replace("TRACE_C: sum 3.375", "TRACE_C: total 4.125"))
    assert {(m.quantity, m.side, m.partly) for m in found.missing} == {
        ("sum", Side.REFERENCE, False),
        ("total", Side.CANDIDATE, False),
    }
    assert found.agree and not found.same
    found = diff(program() + "TRACE_C: final 5\n", program())
    assert [(m.quantity, m.side, m.partly, len(m.records)) for m in found.missing] == [
        ("final", Side.REFERENCE, True, 1)
    ]


def test_nan_on_one_side_is_an_origin_of_its_own_kind() -> None:
    found = diff(program(), replaced(program(), "final", math.nan))
    assert [(f.quantity, f.verdict) for f in found.origins] == [("final", Verdict.NAN)]
    assert found.as_dict()["origins"][0]["candidate"] == "nan"
    both = replaced(program(), "final", math.nan)
    assert diff(both, both).agree


def test_configuration_is_told_before_numbers() -> None:
    found = diff(program() + "TRACE_C: mode fast\n", program(a=9.0) + "TRACE_C: mode slow\n")
    assert [(s.name, s.reference, s.candidate, s.source) for s in found.config] == [
        ("a", 1.25, 9.0, "record"),
        ("mode", "fast", "slow", "record"),
    ]
    assert "mode" not in names(found.origins)
    assert not diff(program() + "TRACE_C: mode fast\n", program() + "TRACE_C: mode slow\n").same


def sealed(text: str, **facts: object) -> str:
    out = io.StringIO()
    with Writer(out, "TRACE_C") as writer:
        writer.open(**facts)
        for line in text.splitlines():
            writer.line(line)
    return out.getvalue()


def test_facts_of_two_manifests_are_compared() -> None:
    found = diff(sealed(program(), side="C", pixel="1,2"), sealed(program(), side="PY", pixel="3,4"))
    assert [(s.name, s.source) for s in found.config] == [("pixel", "manifest")]
    assert found.as_dict()["sealed"] is True
    assert not any("unsealed" in note for note in found.notes)
    assert any("unsealed" in note for note in diff(program(), program()).notes)


def test_an_inferred_parameter_that_differs_is_configuration() -> None:
    def trace(n: int) -> str:
        h = 0.3141592653589
        return (
            f"TRACE_C: hkl_frac {h} 0 0\nTRACE_C: F_latt_a {math.sin(n * math.pi * h) / math.sin(math.pi * h):.15g}\n"
        )

    found = diff(trace(5), trace(6), load())
    assert [(s.name, s.reference, s.candidate) for s in found.config] == [("Na", 5.0, 6.0)]
    assert [(f.quantity, f.side) for f in found.origins] == [("F_latt_a", Side.NEITHER)]


# ---- without a catalogue -------------------------------------------------------------------------------------------


def test_order_stands_in_for_the_graph() -> None:
    found = diff(program(), program(sum=1.01, table=9.0), Catalogue())
    assert names(found.origins) == ["sum"]
    assert "sum" in found.inherited[0].because
    assert found.graph == "order"
    assert any("order stands in" in note for note in found.notes)


def test_quantities_that_the_catalogue_does_not_know_go_by_order() -> None:
    found = diff(program() + "TRACE_C: new 1\n", program(k=3.0) + "TRACE_C: new 2\n")
    assert names(found.origins) == ["k"]
    assert "new" in names(found.inherited)
    assert names(diff("TRACE_C: new 1\n" + program(), "TRACE_C: new 2\n" + program()).origins) == ["new"]


# ---- judging again, data out ---------------------------------------------------------------------------------------


def test_judging_again_needs_no_traces() -> None:
    found = diff(program(), program(k=2.0001))
    wide = found.judge(Limits(relative=dict.fromkeys(("k", "scaled", "final"), 0.001)))
    assert wide.agree and not found.agree
    assert names(wide.judge(Limits()).origins) == ["k"]
    assert names(found.judge(Limits(slack=1e13)).origins) == []


def test_json_has_what_a_script_needs() -> None:
    data = diff(program(), program(k=2.5)).as_dict()
    assert {"same", "origins", "healed", "inherited", "missing", "config", "sealed", "closure", "notes"} <= set(data)
    (origin,) = data["origins"]
    assert (origin["quantity"], origin["reference"], origin["candidate"]) == ("k", 2, 2.5)
    assert origin["side"] == "candidate" and origin["verdict"] == "different"
    assert origin["lines"] == {"reference": 4, "candidate": 4}
    assert origin["cost"] == pytest.approx(math.log(1.25))
    assert origin["paired_by"] == "name, scope and occurrence"


@given(st.sampled_from(["sum", "scaled", "final"]), st.floats(1e-9, 10), st.booleans())
@settings(deadline=None)
def test_any_visible_change_of_a_computed_value_is_its_own_origin(name: str, off: float, reference: bool) -> None:
    good, bad = program(), program(**{name: 1 + off})
    found = diff(bad, good) if reference else diff(good, bad)
    assert names(found.origins)[:1] == [name] or name in names(found.origins)
    told = {f.quantity: f.side for f in found.origins}
    assert told[name] is (Side.REFERENCE if reference else Side.CANDIDATE)


# ---- selftest -----------------------------------------------------------------------------------------------------


def test_selftest_finds_what_it_plants() -> None:
    trace = parse(program())
    report = selftest(trace, trace, CHAIN)
    assert report.awake, report.missed
    assert not report.wrongly_blamed
    assert len(report.planted) > 60 and {p.side for p in report.planted} == {Side.REFERENCE, Side.CANDIDATE}
    told = report.as_dict()
    assert told["missed"] == [] and told["before"] == []


def test_selftest_reports_what_would_be_missed() -> None:
    coarse = parse("".join(f"TRACE: {name} {value:.3g}\n" for name, value in (("a", 1.25), ("b", 2.5), ("sum", 3.75))))
    blind = from_document(
        {"quantity": {"a": {"kind": "input", "noise": {"ulp": 1e15, "why": "says it may be anything"}}}}
    )
    report = selftest(coarse, coarse, blind)
    assert not report.awake
    assert {p.quantity for p in report.missed} == {"a"}
    assert all(p.why for p in report.missed)


INDEX = "".join(f"TRACE_C: {line}\n" for line in ("Na 5", "hkl_frac 0.23 0.5 1.125", "F_latt_a -0.6865"))


def test_a_child_that_is_ill_conditioned_there_heals_nothing() -> None:
    bad, leads_on = plant(parse(INDEX), load(), "hkl_frac", FAULTS[3])
    assert bad is not None and leads_on, "hkl 250: the interference is 0/0"
    found = compare(parse(INDEX), bad)
    assert (names(found.origins), names(found.healed)) == (["hkl_frac"], [])
    assert not selftest(parse(INDEX), parse(INDEX)).wrongly_blamed


def test_who_prints_nan_and_computes_with_a_number_is_the_liar() -> None:
    text = "TRACE_C: k_frac -0.6072273881108\nTRACE_C: F_latt_b 1.0513259832281\n"
    found = compare(parse(text), parse(text.replace("-0.6072273881108", "nan")))
    assert [(f.quantity, f.side) for f in found.healed] == [("k_frac", Side.CANDIDATE)]


def test_a_planted_fault_that_undoes_a_difference_is_not_missed() -> None:
    clean = parse(program())
    bad, _ = plant(clean, CHAIN, "a", FAULTS[3])
    assert bad is not None
    report = selftest(bad, clean, CHAIN)
    undone = [p for p in report.planted if (p.quantity, p.fault, p.side) == ("a", FAULTS[3].name, Side.CANDIDATE)]
    assert [(p.missed, p.why) for p in undone] == [(False, "it undoes a difference that was there")]


def test_a_planted_fault_is_carried_on() -> None:
    bad, leads_on = plant(parse(program()), CHAIN, "sum", FAULTS[0])
    assert bad is not None and leads_on
    found = compare(parse(program()), bad, CHAIN)
    assert names(found.origins) == ["sum"] and names(found.inherited) == ["scaled", "final"]
    assert plant(parse(program()), CHAIN, "sum", FAULTS[5]) == (None, False), "no matrix to transpose"
