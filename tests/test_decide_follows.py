"""Differences that follow from differences too small to count; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.noise import Row
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits, Verdict
from small_traces import SEVENTEEN, catalogue, diff, sealed, told

EPS = 2.0**-52
MICRO = 2.0**-20


def granted(known: Catalogue, *inputs: str) -> Catalogue:
    """Reruns differ by up to a hundred roundings in the inputs, and by nothing in what is computed from them."""
    rows = {q.name: Row(100.0 if q.name in inputs else 0.0, 0.0, 9, share=0.0) for q in known}
    return replace(known, measured={"float64": rows})


CHAIN = granted(
    catalogue("""
    [x]
    kind = "input"
    [y]
    parents = ["x"]
    formula = "x - 1"
    [z]
    parents = ["y"]
    formula = "2*y"
    """),
    "x",
)


def lines(**values: float) -> str:
    return "; ".join(f"{name} {value!r}" for name, value in values.items())


def verdicts(found: Diff) -> dict[str, str]:
    """Of each quantity that is not the same number on both sides."""
    return {one.quantity: str(one.verdict) for one in found.judged if one.verdict is not Verdict.EQUAL}


def chain(x: float, y: float, z: float) -> dict[str, str]:
    """The verdicts where the reference holds x = 1 + 2^-20, and y and z follow, against these, in roundings of 1."""
    a = lines(x=1 + MICRO, y=MICRO, z=2 * MICRO)
    b = lines(x=1 + MICRO + x * EPS, y=MICRO + y * EPS, z=2 * MICRO + z * EPS)
    return verdicts(diff(CHAIN, a, b))


NOISE, ILL, BAD = "within noise", "ill-conditioned", "different"


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ((64, 64, 128), {"x": NOISE, "y": ILL, "z": ILL}),
        ((-64, -64, -128), {"x": NOISE, "y": ILL, "z": ILL}),
        ((64, 64, 64), {"x": NOISE, "y": ILL, "z": BAD}),  # z is not twice y
        ((64, 32, 64), {"x": NOISE, "y": BAD, "z": BAD}),  # it follows from what does not follow
        ((64, -64, -128), {"x": NOISE, "y": BAD, "z": BAD}),  # the other way
        ((0, 64, 128), {"y": BAD, "z": BAD}),
        ((64, 0, 128), {"x": NOISE, "z": BAD}),
        ((4096, 4096, 8192), {"x": BAD, "y": BAD, "z": BAD}),  # more than an input is granted
    ],
)
def test_a_difference_that_small_ones_make_by_the_formula_is_ill_conditioned(
    off: tuple[float, float, float], expected: dict[str, str]
) -> None:
    assert chain(*off) == expected


def test_what_follows_is_no_finding_and_what_does_not_is_an_origin() -> None:
    a = lines(x=1 + MICRO, y=MICRO, z=2 * MICRO)
    follows = diff(CHAIN, a, lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS, z=2 * MICRO + 128 * EPS))
    assert follows.same and told(follows) == {}
    apart = diff(CHAIN, a, lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS, z=2 * MICRO + 192 * EPS))
    assert told(apart) == {"z": "origin"}


def test_parents_are_settled_before_children_in_whatever_order_the_trace_tells_them() -> None:
    a = lines(z=2 * MICRO, y=MICRO, x=1 + MICRO)
    b = lines(z=2 * MICRO + 128 * EPS, y=MICRO + 64 * EPS, x=1 + MICRO + 64 * EPS)
    assert verdicts(diff(CHAIN, a, b)) == {"x": NOISE, "y": ILL, "z": ILL}


def test_a_child_is_looked_at_through_parents_that_neither_trace_holds() -> None:
    a, b = lines(x=1 + MICRO, z=2 * MICRO), lines(x=1 + MICRO + 64 * EPS, z=2 * MICRO + 128 * EPS)
    assert verdicts(diff(CHAIN, a, b)) == {"x": NOISE, "z": ILL}


def test_every_record_of_a_quantity_is_judged_by_its_own_parents() -> None:
    """The record that only one side has, and those that agree, are in no one's way."""
    rows = [(MICRO, 0, 0), (MICRO, 64, 64), (MICRO, 64, 32), (3 * MICRO, 64, 64)]
    a = "; ".join(f"x {1 + v!r}; y {v!r}" for v, _, _ in rows)
    b = "; ".join(f"x {1 + v + p * EPS!r}; y {v + q * EPS!r}" for v, p, q in rows)
    for front, back in (("only 1; ", ""), ("", "; only 1")):
        found = diff(
            CHAIN, *(sealed(side, dtype="float64") for side in (front + a, b + back))
        )  # 1 + 2**-20 is a float32
        told = [str(one.verdict) for one in found.judged if one.quantity == "y"]
        assert told == ["equal", ILL, BAD, ILL]


# ---- who may be settled ----------------------------------------------------------------------------------------------


def test_a_side_that_does_not_follow_from_its_own_parents_has_gone_bad() -> None:
    """Both sides are as far from their formula as they are from each other: the change alone would be explained."""
    for wrong in ({"candidate": 1.0}, {"reference": 1.0}, {"reference": 1.0, "candidate": 1.0}):
        shift = {side: wrong.get(side, 0.0) * MICRO / 4 for side in ("reference", "candidate")}
        a = lines(x=1 + MICRO, y=MICRO + shift["reference"])
        b = lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS + shift["candidate"])
        assert verdicts(diff(CHAIN, a, b)) == {"x": NOISE, "y": BAD}, wrong
    assert left(0, 8) == left(8, 0) == BAD, "what is left is little enough, but not for the one side alone"


def test_one_parent_that_differs_is_enough_to_leave_a_child_alone() -> None:
    known = granted(
        catalogue("""
        [w]
        kind = "input"
        [x]
        kind = "input"
        [y]
        parents = ["w", "x"]
        formula = "x - w"
        """),
        "w",
        "x",
    )
    a = lines(w=1.0, x=1 + MICRO, y=MICRO)
    both = diff(known, a, lines(w=1 - 32 * EPS, x=1 + MICRO + 64 * EPS, y=MICRO + 96 * EPS))
    assert verdicts(both) == {"w": NOISE, "x": NOISE, "y": ILL}, "what both make of it"
    one = diff(known, a, lines(w=1 - 4096 * EPS, x=1 + MICRO + 64 * EPS, y=MICRO + 4160 * EPS))
    assert verdicts(one) == {"w": BAD, "x": NOISE, "y": BAD}
    other = diff(known, a, lines(w=1 - 32 * EPS, x=1 + MICRO + 4096 * EPS, y=MICRO + 4128 * EPS))
    assert verdicts(other) == {"w": NOISE, "x": BAD, "y": BAD}


def test_without_parents_in_the_trace_nothing_explains_a_difference() -> None:
    """A sum of roundings alone is allowed more by its formula than the reruns showed."""
    known = granted(catalogue("[y]\nformula = '(1 + 1) + (1 + 1) - 3'\n"))
    found = diff(known, lines(y=1.0), lines(y=1 + 12 * EPS))
    assert [c.holds for side in found.closures.values() for c in side] == [True, True]
    assert verdicts(found) == {"y": BAD}


def test_a_quantity_that_no_catalogue_knows_or_no_formula_gives_stays_different() -> None:
    a, b = lines(x=1 + MICRO, y=MICRO, strange=5.0), lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS, strange=6.0)
    assert verdicts(diff(CHAIN, a, b)) == {"x": NOISE, "y": ILL, "strange": BAD}
    bare = replace(CHAIN, quantities={**CHAIN.quantities, "z": replace(CHAIN.quantities["z"], formulas=())})
    a, b = lines(x=1 + MICRO, y=MICRO, z=2.0), lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS, z=3.0)
    assert verdicts(diff(bare, a, b)) == {"x": NOISE, "y": ILL, "z": BAD}


def test_a_property_that_holds_is_no_proof_of_the_value() -> None:
    """The first formula that holds is the one that is told: of an invariant it says nothing of what the value should be."""
    text = """
    [x]
    kind = "input"
    [y]
    parents = ["x"]
    formula = [{}]
    """
    value, length = '{is = "x - 1"}', '{is = "abs(x - 1)", of = "abs(y)"}'
    a, b = lines(x=1 + MICRO, y=MICRO), lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS)
    for formulas, expected in (((value, length), ILL), ((length, value), BAD), ((length,), BAD)):
        known = granted(catalogue(text.replace("{}", ", ".join(formulas))), "x")
        assert verdicts(diff(known, a, b)) == {"x": NOISE, "y": expected}, formulas


def test_a_decision_that_was_taken_otherwise_is_not_explained_away() -> None:
    """x agrees within print, n is what either side's x gives, and yet the intensity is 0 on one side and 3 on the other."""
    text = """
    [x]
    kind = "input"
    [n]
    kind = "KIND"
    parents = ["x"]
    formula = "floor(x + 0.4999996)"
    [I]
    parents = ["n"]
    formula = "3*n"
    """
    a, b = "x 0.500000; n 0; I 0", "x 0.500001; n 1; I 3"
    found = diff(catalogue(text.replace("KIND", "branch")), a, b)
    assert told(found) == {"n": "origin", "I": "inherited"} and not found.same
    assert diff(catalogue(text.replace("KIND", "derived")), a, b).same


# ---- how much may be left over -----------------------------------------------------------------------------------------

FACTOR = granted(
    catalogue("""
    [x]
    kind = "input"
    [y]
    parents = ["x"]
    formula = "1024*x"
    """),
    "x",
)


def left(below: int, above: int, slack: float = 2.0) -> str:
    """The verdict of y where x differs by 64 roundings of 1, and y = 1024 x by so many of 1024 more: some in the
    reference, some in the candidate, each so little that either side's y follows from its own x.
    """
    a = lines(x=1.0, y=1024 * (1 - below * EPS))
    b = lines(x=1 + 64 * EPS, y=1024 * (1 + (64 + above) * EPS))
    return verdicts(diff(FACTOR, a, b, Limits(slack=slack)))["y"]


def test_what_is_left_may_be_print_noise_and_the_roundings_of_both_formulas() -> None:
    """A side is granted two roundings, twice over; its print hides 0.7, and its formula rounds once: 11.4 in all."""
    assert left(0, 0) == left(5, 6) == left(-5, -6) == ILL
    assert left(6, 6) == left(-6, -6) == BAD


def test_the_slack_multiplies_the_noise_that_is_left() -> None:
    """Once, these are 7.4."""
    assert left(3, 4, slack=1) == ILL
    assert left(4, 4, slack=1) == BAD


def test_a_difference_in_print_may_be_what_is_passed_on() -> None:
    """x shows five decimals and y all: 1e-5 more in x, which is within print, is 1e-5 more in y, not half of that."""
    known = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\nformula = 'x - 1'\n")
    for more, expected in ((1e-5, ILL), (0.5e-5, BAD), (1.5e-5, BAD)):
        found = diff(known, "x 1.50000e+00; y 0.5000012345678912", f"x 1.50001e+00; y {0.5000012345678912 + more:.16f}")
        assert verdicts(found) == {"x": "within print", "y": expected}, more


def test_each_component_has_to_follow() -> None:
    known = granted(
        catalogue("""
        [x]
        kind = "input"
        [y]
        parents = ["x"]
        formula = "x - (1, 1, 1)"
        """),
        "x",
    )
    one, all_three = (64, 0, 0), (64, 64, 64)

    def verdict(x: tuple[float, ...], y: tuple[float, ...]) -> Mapping[str, str]:
        a = [" ".join(repr(base) for _ in range(3)) for base in (1 + MICRO, MICRO)]
        b = [" ".join(repr(base + n * EPS) for n in off) for base, off in ((1 + MICRO, x), (MICRO, y))]
        return verdicts(diff(known, f"x {a[0]}; y {a[1]}", f"x {b[0]}; y {b[1]}"))

    assert verdict(all_three, all_three) == verdict(one, one) == {"x": NOISE, "y": ILL}
    apart = {"x": NOISE, "y": BAD}
    assert verdict(all_three, one) == verdict(one, all_three) == verdict(all_three, (64, 64, 32)) == apart


def test_each_component_has_to_follow_though_either_side_follows_from_its_own() -> None:
    """x shows five decimals: both components of y are what may lie behind them, the second is not what became of it."""
    known = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\nformula = '(x - 1, x - 1)'\n")
    a = "x 1.50000e+00; y 0.5000012345678912 0.5000012345678912"
    for second, expected in (("0.5000112345678912", ILL), ("0.5000062345678912", BAD)):
        found = diff(known, a, f"x 1.50001e+00; y 0.5000112345678912 {second}")
        assert all(c.holds for side in found.closures.values() for c in side)
        assert verdicts(found) == {"x": "within print", "y": expected}


def test_values_of_different_shape_stay_different_though_each_follows() -> None:
    """A number and a pair: there is no component of which a change could be told."""
    known = catalogue("""
    [x]
    kind = "input"
    [y]
    parents = ["x"]
    formula = [{is = "x"}, {is = "(x + 1, x)"}]
    """)
    found = diff(known, "x 1; y 1", "x 1; y 2 1")
    assert [c.holds for side in found.closures.values() for c in side] == [True, True]
    assert told(found) == {"y": "origin"}


def test_words_are_in_no_ones_way() -> None:
    a, b = lines(x=1 + MICRO, y=MICRO), lines(x=1 + MICRO + 64 * EPS, y=MICRO + 64 * EPS)
    for mode in ("MOSFLM", "MOSFLM 1 XDS"):
        assert verdicts(diff(CHAIN, f"mode {mode}; {a}", f"mode {mode}; {b}")) == {"x": NOISE, "y": ILL}
    assert verdicts(diff(CHAIN, f"mode MOSFLM; {a}", f"mode XDS; {b}")) == {"mode": BAD, "x": NOISE, "y": ILL}


def test_a_matrix_that_the_other_side_prints_as_nine_numbers_is_put_in_its_place() -> None:
    known = granted(catalogue("[m]\nkind = 'input'\n[y]\nparents = ['m']\nformula = 'm[0] - 1'\n"), "m")
    nine = [1 + MICRO, 0, 0, 0, 1, 0, 0, 0, 1]
    rows = "; ".join(" ".join(map(repr, nine[i : i + 3])) for i in (0, 3, 6))
    row = " ".join(map(repr, [1 + MICRO + 64 * EPS, *nine[1:]]))
    one, two = (
        parse(f"{SEVENTEEN}TRACE: m = {m}\nTRACE: y {y!r}\n")
        for m, y in ((f"[{rows}]", MICRO), (row, MICRO + 64 * EPS))
    )
    assert [r.shape for r in one.find("m") + two.find("m")] == [(3, 3), (9,)]
    assert verdicts(compare(one, two, known)) == {"m": NOISE, "y": ILL}
