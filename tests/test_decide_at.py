"""What a formula sees from one record: the value that belongs there, computed from its own parents where it is absent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from firstbad.tracer.at import At, applicable
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.formula import Unknown
from firstbad.tracer.model import Record
from firstbad.tracer.noise import Row
from firstbad.tracer.uncertain import Num
from firstbad.tracer.view import View
from small_traces import catalogue, trace

KNOWN = catalogue(
    """
    [parameter.N]
    kind = "integer"

    [x]
    [s]
    scope = "phi"

    [y]
    parents = ["x"]
    formula = [{ is = "10*x", when = "x > 3" }, { is = "20*x", when = "x <= 3" }]

    [w]
    shape = [2]
    parents = ["x"]
    formula = "(3*x, 5*x)"

    [z]
    parents = ["x", "s"]
    formula = ["last(s)", "7*x"]

    [inward]
    parents = ["x"]
    of = "2*inward"
    formula = "x"

    [free]
    parents = ["x"]
    open = true
    formula = "x + 1"

    [certain]
    parents = ["x"]
    open = true
    formula = [{ is = "x + 2" }, { is = "x + 1", sure = true }]

    [loop]
    parents = ["loop2"]
    formula = "loop2"

    [loop2]
    beside = ["loop"]
    formula = "loop"
"""
)


def seen(text: str, name: str = "here", number: int = 0, known: Catalogue = KNOWN, **more: object) -> At:
    view = View(trace(f"{text}; here 1"), known)
    return At(view, view.records(name)[number], {}, **more)  # type: ignore[arg-type]


def value(at: At, name: str) -> float:
    term = at.value(name)
    assert isinstance(term, Num)
    return term.v


# ---- the record that belongs here ------------------------------------------------------------------------------------


def test_a_record_of_the_place_is_taken() -> None:
    text = "x 5; s{phi=0} 1; s{phi=1} 2; t{phi=1} 3"
    assert value(seen(text), "x") == 5.0
    assert value(seen(text, "t"), "s") == 2.0
    assert value(seen(text, "t"), "x") == 5.0


@pytest.mark.parametrize("values", [(1, 2, 2), (2, 1, 2), (2, 2, 1), (1, 2, 3)])
def test_several_records_that_differ_are_none(values: tuple[int, ...]) -> None:
    """One that equals the last is not enough."""
    text = "; ".join(f"s{{phi={i}}} {v}" for i, v in enumerate(values))
    with pytest.raises(Unknown, match=r"^s$"):
        seen(text).value("s")


def test_several_records_of_one_value_are_that_value() -> None:
    assert value(seen("s{phi=0} 2; s{phi=1} 2; s{phi=2} 2"), "s") == 2.0


# ---- absent values are computed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "y"), [(4, 40.0), (3, 60.0)])
def test_an_absent_value_comes_from_the_formula_that_applies(x: int, y: float) -> None:
    assert value(seen(f"x {x}"), "y") == y


def test_a_formula_that_cannot_be_evaluated_is_passed_over() -> None:
    assert value(seen("x 2"), "z") == 14.0
    assert value(seen("x 2; s{phi=0} 14"), "z") == 14.0, "both can, and agree"


def test_where_two_formulas_apply_and_differ_the_value_is_unknown_and_its_noise_that_of_the_first() -> None:
    with pytest.raises(Unknown, match=r"^z$"):
        seen("x 2; s{phi=0} 5").value("z")
    view = seen("x 2; s{phi=0} 5").view
    assert value(At(view, view.trace.records[0], {}, depth=1), "z") == 5.0
    assert value(At(view, view.trace.records[0], {}, exact=True), "z") == 5.0


def test_of_an_open_quantity_only_a_formula_that_is_sure_gives_the_value() -> None:
    with pytest.raises(Unknown, match=r"^free$"):
        seen("x 2").value("free")
    assert value(seen("x 2"), "certain") == 3.0
    view = seen("x 2").view
    assert value(At(view, view.trace.records[0], {}, depth=1), "free") == 3.0


def test_an_invariant_gives_no_value() -> None:
    with pytest.raises(Unknown, match=r"^inward$"):
        seen("x 2").value("inward")


def test_what_would_be_computed_from_itself_is_unknown() -> None:
    with pytest.raises(Unknown):
        seen("x 2").value("loop")


def test_what_nothing_gives_is_unknown_by_its_name() -> None:
    for name in ("x", "y", "never heard of"):
        with pytest.raises(Unknown):
            seen("other 1").value(name)


# ---- errors ------------------------------------------------------------------------------------------------------------


def test_the_error_is_half_the_last_digit_or_nothing_or_the_noise() -> None:
    text = "x 0.5"
    half, exact, noise = (seen(text, **more).value("x") for more in ({}, {"exact": True}, {"depth": 1}))
    assert isinstance(half, Num) and isinstance(exact, Num) and isinstance(noise, Num)
    assert exact.e == 0.0
    view = View(trace("x 0.5; here 1"), KNOWN)
    record = view.records("x")[0]
    assert (half.e,) == view.half(record) and (noise.e,) == view.noise(record, 1)
    assert 0 < half.e < noise.e


def test_of_the_noise_that_an_absent_value_inherits_so_much_is_granted_as_reruns_showed() -> None:
    """What closes within a trace is no noise."""
    rows = {"y": Row(1.0, 1e-9, 10, share=0.25), "w": Row(1.0, 1e-9, 10, share=0.125)}
    quiet = replace(KNOWN, measured={"float64": rows})
    for name, part in (("y", 0.5), ("w", 0.25)):
        for more in ({"depth": 1}, {}, {"exact": True}):
            whole, granted = (seen("x 4", known=known, **more).value(name) for known in (KNOWN, quiet))
            share = part if more else 1.0
            one, two = ((t,) if isinstance(t, Num) else t for t in (whole, granted))
            assert [(b.v, b.e) for b in two] == [(a.v, share * a.e) for a in one]
            assert 0 < one[0].e < 1e-10


def test_other_terms_may_stand_in_the_place_of_records() -> None:
    view = View(trace("x 2; here 1"), KNOWN)
    other = Num(9.0, 0.5)
    at = At(view, view.records("here")[0], {id(view.records("x")[0]): other})
    assert at.value("x") is other
    assert value(at, "y") == 90.0


def test_a_parameter_is_a_record_of_its_name_or_what_was_inferred() -> None:
    assert value(seen("N 7"), "N") == 7.0
    at = seen("x 1")
    with pytest.raises(Unknown, match="the parameter N"):
        at.value("N")
    at.view.parameters["N"] = 5.0
    assert at.value("N") == Num(5.0)


# ---- loops ---------------------------------------------------------------------------------------------------------------

LOOP = "s{phi=0} 1; s{phi=1} 2; s{phi=2} 4; t{phi=1} 3"


def test_loops_are_walked_record_by_record() -> None:
    at = seen(LOOP)
    names = frozenset(("s", "t"))
    assert [value(one, "s") for one in at.many(names) if isinstance(one, At)] == [1.0, 2.0, 4.0]
    first, last = at.edge(names, last=False), at.edge(names, last=True)
    assert isinstance(first, At) and isinstance(last, At)
    assert (value(first, "s"), value(last, "s")) == (1.0, 4.0)
    third = at.nth(names, 2)
    assert isinstance(third, At) and value(third, "s") == 4.0
    assert at.count("s") == 3 and at.count("nothing") == 0


@pytest.mark.parametrize("place", [-1, 3])
def test_a_record_outside_the_loop_is_unknown(place: int) -> None:
    with pytest.raises(Unknown, match=f"record {place} of s, t"):
        seen(LOOP).nth(frozenset(("t", "s")), place)
    with pytest.raises(Unknown, match="any record of a, b"):
        seen(LOOP).edge(frozenset(("b", "a")), last=True)


def test_inside_a_loop_the_record_at_hand_stands_for_its_name() -> None:
    """Also where several records of one place would differ."""
    at = seen("s 1; s 2; s 4")
    assert [value(one, "s") for one in at.many(frozenset("s")) if isinstance(one, At)] == [1.0, 2.0, 4.0]


def test_the_number_of_a_record_in_its_loop() -> None:
    assert [seen(LOOP, "s", n).place("s") for n in range(3)] == [0, 1, 2]
    assert seen(LOOP, "t").place("s") == 1


def test_it_has_none_where_several_or_a_record_of_another_telling_belong_here() -> None:
    for at in (seen(LOOP), seen(f"{LOOP}; s 9", "t"), seen("x 1")):
        with pytest.raises(Unknown, match="which record of s belongs here"):
            at.place("s")


# ---- which formulas apply -----------------------------------------------------------------------------------------------------


def applying(text: str, name: str) -> list[str] | None:
    view = View(trace(text), KNOWN)
    found = applicable(view, view.records(name)[0], KNOWN.quantities[name])
    return None if found is None else [one.formula.text for one in found]


def test_formulas_apply_whose_condition_holds() -> None:
    assert applying("x 4; y 1", "y") == ["10*x"]
    assert applying("x 3; y 1", "y") == ["20*x"]
    assert applying("x 3; z 1", "z") == ["last(s)", "7*x"]
    assert applying("y 1", "y") is None, "a condition cannot be decided"


# ---- who asks what was read ------------------------------------------------------------------------------------------


def test_every_record_that_was_read_is_told_also_through_values_that_are_absent() -> None:
    """y is absent and computed from x; the last s is read from another place."""
    read = list[Record]()
    here = seen("x 4; s{phi=0} 1; s{phi=1} 2; n 3", reads=read)
    assert value(here, "y") == 40.0
    assert {record.quantity for record in read} == {"x"}
    read.clear()
    last = here.edge(frozenset({"s"}), last=True)
    assert isinstance(last, At) and value(last, "s") == 2.0
    assert [(record.quantity, record.values) for record in read] == [("s", (2.0,))]
