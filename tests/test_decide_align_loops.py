"""Loops: iterations in another order, aliases in them, records that are lacking, and where pairing gets too expensive."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from firstbad.tracer.align import By, Pairing, _permuted, align, before, match, reordered
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.view import View
from small_traces import catalogue, diff, sealed, told, trace

KNOWN = catalogue("[pos]\naliases = ['alias', 'other']\n[F]\nparents = ['pos']")
Lines = list[tuple[int | None, int | None]]


def view(text: str) -> View:
    return View(trace(text, head=""), KNOWN)


def pairs(a: str, b: str, in_order: tuple[str, ...] = ()) -> list[Pairing]:
    return align(view(a), view(b), in_order)


def paired(a: str, b: str, name: str = "F") -> Lines:
    """The lines of both sides that are paired for one quantity."""
    return [
        (p.reference.line if p.reference else None, p.candidate.line if p.candidate else None)
        for p in pairs(a, b)
        if p.quantity == name
    ]


# ---- another order ---------------------------------------------------------------------------------------------


def test_two_iterations_that_changed_places_are_paired_crosswise() -> None:
    assert paired("F 1; F 2", "F 2; F 1") == [(1, 2), (2, 1)]
    assert [p.by for p in pairs("F 1; F 2", "F 2; F 1")] == [By.ANCHOR, By.ANCHOR]


def test_an_iteration_that_stayed_at_its_place_is_paired_by_its_key() -> None:
    found = pairs("F 1; F 2; F 3", "F 3; F 2; F 1")
    assert [p.by for p in found] == [By.ANCHOR, By.KEY, By.ANCHOR]
    assert paired("F 1; F 2; F 3", "F 3; F 2; F 1") == [(1, 3), (2, 2), (3, 1)]


def test_an_iteration_alone_is_paired_with_whatever_stands_there() -> None:
    assert [(p.by, p.candidate and p.candidate.line) for p in pairs("F 1", "F 2")] == [(By.KEY, 1)]


def said(iterations: str) -> list[tuple[str, ...]]:
    """One letter for each iteration."""
    return [(letter,) for letter in iterations]


TEN, OTHER = (0,) * 10, (1,) * 10


@pytest.mark.parametrize(
    ("changed", "order"), [(0, [1, 0]), (1, [1, 0]), (2, [0, 1])], ids=["all equal", "nine in ten", "eight in ten"]
)
def test_nine_parts_in_ten_must_be_equal_to_pair_out_of_order(changed: int, order: list[int]) -> None:
    assert _permuted([TEN, OTHER], [OTHER, (9,) * changed + TEN[changed:]]) == order


def test_of_several_that_say_the_same_each_takes_its_own_else_the_first_that_is_free() -> None:
    alike = [(*TEN[1:], end) for end in range(4)]
    assert _permuted(alike[:2], alike[2:]) == [0, 1], "each is as like the other's as its own"
    assert _permuted(said("AABC"), said("BCAA")) == [2, 3, 0, 1]


def test_where_one_iteration_finds_no_partner_all_stay_in_order() -> None:
    assert _permuted(said("ABC"), said("BAX")) == [0, 1, 2]


def test_only_the_iterations_that_differ_are_looked_at() -> None:
    assert _permuted(said("ABA"), said("AAB")) == [0, 2, 1]


def single(*values: float) -> View:
    """A side that computed in float32 and prints F so often."""
    return View(sealed("; ".join(f"F {v}" for v in values), dtype="float32"), KNOWN)


def test_float32_iterations_in_another_order_know_each_other_by_five_digits_in_all() -> None:
    """Four behind the point: the sixth digit of a float32 value tells nothing after some cancellation."""

    def order(*values: float) -> list[tuple[float, float]]:
        found = align(single(1.0, 2.0), single(*values))
        return [
            (p.reference.numbers[0], p.candidate.numbers[0])
            for p in found
            if p.quantity == "F" and p.reference and p.candidate
        ]

    assert order(2.00003, 1.00003) == [(1.0, 1.00003), (2.0, 2.00003)]
    assert order(2.0003, 1.0003) == [(1.0, 2.0003), (2.0, 1.0003)]


def test_where_one_iteration_is_lacking_four_digits_tell_which_float32_ones_are_meant() -> None:
    def first(*values: float) -> list[float | None]:
        found = align(single(1.0001, 2.0001, 3.0001), single(*values))
        return [p.candidate.numbers[0] if p.candidate else None for p in found if p.quantity == "F"]

    assert first(2.0004, 3.0004) == [None, 2.0004, 3.0004]
    assert first(2.004, 3.004) == [2.004, 3.004, None]


# ---- too many to compare each with each ------------------------------------------------------------------------


@pytest.mark.parametrize(("parts", "order"), [(1_250_000, [1, 0]), (1_250_001, [0, 1])])
def test_five_million_parts_are_put_in_order_and_more_are_not(parts: int, order: list[int]) -> None:
    """Two iterations of so many parts, each compared with two."""
    one, two = (0,) * parts, (1,) * parts
    assert _permuted([one, two], [two, one]) == order


@pytest.mark.parametrize(("parts", "others", "anchors"), [(50_000, 100, True), (1_666_667, 3, False)])
def test_five_million_parts_are_matched_by_what_is_alike_and_one_more_by_what_is_equal(
    parts: int, others: int, anchors: bool
) -> None:
    half = (0,) * (parts // 2 + 1) + (1,) * (parts // 2)
    assert match([(0,) * parts], [half, *((2,),) * (others - 1)])[0] == (0, 0, anchors)


@pytest.mark.parametrize(("ours", "theirs", "anchors"), [(500, 500, True), (53, 4717, False)])
def test_a_quarter_million_of_comparisons_is_made_and_one_more_is_not(ours: int, theirs: int, anchors: bool) -> None:
    """Equal iterations anchor; where only what is unique on both sides anchors, none of these does."""
    found = match([(1,)] * ours, [(1,)] * theirs)
    assert {exact for i, j, exact in found if i is not None and j is not None} == {anchors}


# ---- aliases ---------------------------------------------------------------------------------------------------


def test_names_that_come_in_other_numbers_are_all_paired_in_order() -> None:
    a, b = "pos 1; pos 2; alias 3", "alias 4; pos 5; alias 6"
    assert paired(a, b, "pos") == [(1, 1), (2, 2), (3, 3)]
    assert [p.by for p in pairs(a, b)] == [By.ALIAS, By.ALIAS, By.ALIAS]


def test_a_name_that_one_side_has_beside_its_alias_is_alone() -> None:
    assert paired("pos 1", "alias 2; pos 3", "pos") == [(None, 1), (1, 2)]
    assert paired("alias 1; pos 2", "pos 3", "pos") == [(1, None), (2, 1)]


def test_what_is_left_under_other_names_is_paired_by_what_it_says() -> None:
    a, b = "pos 1; alias 2; alias 3; alias 4", "pos 1; other 2; other 4"
    assert paired(a, b, "pos") == [(1, 1), (2, 2), (3, None), (4, 3)]


# ---- where a record stands -------------------------------------------------------------------------------------


def test_what_stands_before_a_record_is_the_last_pair_there() -> None:
    a, b = view("p 1; q 2; r 3; s 4; t 5"), view("x 0; r 3; p 1; t 5")
    p, q, r, s, t = a.trace.records
    x, r_too, p_too, t_too = b.trace.records
    found = [Pairing("p", p, p_too, By.KEY), Pairing("q", q, None, By.NOTHING), Pairing("r", r, r_too, By.KEY)]
    assert before(a, found) == {id(p): -1, id(q): 0, id(r): 0, id(s): 2, id(t): 2}
    assert before(b, found) == {id(x): -1, id(r_too): -1, id(p_too): 2, id(t_too): 0}
    assert before(b, []) == dict.fromkeys(map(id, b.trace.records), -1)


def test_the_quantities_that_tell_most_of_a_longer_loop_are_paired_first() -> None:
    """One iteration is lacking, and in another one `same` alone: which one, only pos and F can tell."""
    a = "pos 1; same 7; F 10; pos 2; same 7; F 20; pos 3; same 7; F 30; pos 4; same 7; F 40"
    b = "pos 1; same 7; F 10; pos 3; F 30; pos 4; same 7; F 40"
    assert paired(a, b, "pos") == [(1, 1), (4, None), (7, 4), (10, 6)]
    assert paired(a, b, "same") == [(2, 2), (5, None), (8, None), (11, 7)]


def test_records_that_one_side_prints_in_a_block_are_paired_without_their_place() -> None:
    a, b = "pos 1; F 1; pos 2; F 2; pos 3; F 3", "pos 1; pos 2; pos 3; F 1; F 9"
    assert paired(a, b) == [(2, 4), (4, 5), (6, None)]
    assert set(paired(b, a)) == {(4, 2), (5, 4), (None, 6)}


def test_a_side_that_names_no_places_has_them_in_the_order_of_the_lines() -> None:
    """Only phi is named, and an outer loop runs it twice: the records of one phi do not stand together."""
    a, b = "F{phi=0} 1; F{phi=1} 2; F{phi=0} 3; F{phi=1} 4", "F 5; F 6; F 7; F 8"
    assert paired(a, b) == paired(b, a) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert paired(a, "F 1; F 2; F 4") == [(1, 1), (2, 2), (3, None), (4, 3)]
    assert paired("F 1; F 2; F 4", a) == [(1, 1), (2, 2), (None, 3), (3, 4)]


# ---- what is said of it ----------------------------------------------------------------------------------------


def test_the_quantities_of_a_loop_in_another_order_are_named_once_each() -> None:
    a, b = "pos 1; F 10; x 5; pos 2; F 20; pos 3; F 30", "x 5; pos 3; F 30; pos 2; F 20; pos 1; F 10"
    assert reordered(pairs(a, b)) == ["pos", "F"]
    assert reordered(pairs(a, a)) == []
    assert reordered(pairs(a, b, ("pos",))) == []


def test_one_sided_records_and_places_are_in_no_order() -> None:
    assert reordered(pairs("F 1; F 2; x 3", "y 1; F 1; F 2; F 3")) == []
    assert reordered(pairs("F{phi=0} 1; F{phi=1} 2", "F{phi=1} 2; F{phi=0} 1")) == []


def test_an_alias_in_front_of_its_name_is_no_other_order() -> None:
    assert reordered(pairs("pos 1; alias 2", "alias 2; pos 1")) == []
    assert reordered(pairs("pos 1; alias 5; pos 2; alias 6", "alias 5; pos 1; alias 6; pos 2")) == []
    assert reordered(pairs("pos 1; alias 5; pos 2; alias 6", "alias 6; pos 2; alias 5; pos 1")) == ["pos"]


def test_records_without_line_numbers_are_in_no_order() -> None:
    both = [
        Trace(tuple(Record("F", (float(v),), (str(v),), occurrence=i) for i, v in enumerate(vs))) for vs in ("12", "21")
    ]
    assert reordered(align(*(View(one, KNOWN) for one in both))) == []


# ---- another order and a fault at once -------------------------------------------------------------------------

LOOP = catalogue("""
    [v]
    kind = "input"
    [x]
    parents = ["v"]
    formula = "v + 1"
    [w]
    parents = ["x"]
    formula = "x*x"
    [t]
    parents = ["w"]
    formula = "2*w"
""")


def loop(values: Iterable[float], w: Callable[[float], float]) -> str:
    return "; ".join(f"v {v}; x {v + 1}; w {w(v + 1)}; t {2 * w(v + 1)}" for v in values)


def test_a_fault_in_a_loop_that_runs_backwards_says_nothing_of_its_order() -> None:
    found = diff(LOOP, loop((1.5, 2.5, 4.5), lambda x: x * x), loop((4.5, 2.5, 1.5), lambda x: x))
    assert told(found) == {"w": "origin", "t": "inherited"}
    assert any("runs v, x, w … in another order" in note for note in found.notes)
    assert told(diff(LOOP, loop((1.5, 2.5), lambda x: x * x), loop((2.5, 1.5), lambda x: x * x))) == {}


MULTIPLES = """
    [s]
    kind = "input"
    [u]
    parents = ["s"]
    formula = ["s", "2*s", "3*s"]
    [w]
    parents = ["u"]
    formula = "u*u"
"""


def test_what_follows_from_its_parents_tells_of_the_order_though_something_else_is_broken() -> None:
    """u has a formula and w, which is computed from it, is wrong: u alone says which iteration is which."""
    known = catalogue(MULTIPLES)
    a, b = "s 1.5; u 1.5; w 2.25; u 3; w 9; u 4.5; w 20.25", "s 1.5; u 4.5; w 4.5; u 3; w 3; u 1.5; w 1.5"
    assert told(diff(known, a, b)) == {"w": "origin"}


PLACED = """
    [v]
    kind = "input"
    [phi]
    formula = "10*index(phi)"
    [x]
    parents = ["phi"]
    formula = "phi + 1"
"""


def placed(*steps: tuple[float, float]) -> str:
    return "; ".join(f"v {v}; phi {phi}; x {phi + 1}" for v, phi in steps)


def test_right_values_in_the_wrong_places_are_at_fault_though_others_tell_of_another_order() -> None:
    """v says that the loop runs backwards; but then phi is not what its place asks for."""
    a, b = placed((1.5, 0), (2.5, 10), (4.5, 20)), placed((4.5, 20), (2.5, 10), (1.5, 0))
    for found, side in ((diff(catalogue(PLACED), a, b), "candidate"), (diff(catalogue(PLACED), b, a), "reference")):
        assert told(found) == {"v": "origin", "phi": "origin", "x": "inherited"}
        assert {f.quantity: str(f.side) for f in found.origins} == {"v": "neither", "phi": side}
    parent = catalogue(PLACED.replace("[phi]", "[q]\n    [phi]\n    parents = ['q']"))
    assert told(diff(parent, f"q 1; {a}", b)) == told(found), "a parent that one side lacks tells nothing"
    given = catalogue(PLACED.replace('formula = "10*index(phi)"', "kind = 'input'"))
    assert told(diff(given, a, b)) == {}, "where no formula reads the place, it is just another order"


def test_wrong_places_in_one_loop_say_nothing_of_another_loop() -> None:
    known = catalogue(PLACED + MULTIPLES)
    a = placed((1.5, 0), (2.5, 10), (4.5, 20)) + "; s 1.5; u 1.5; w 2.25; u 3; w 9; u 4.5; w 20.25; u 4.5; w 20.25"
    b = placed((4.5, 20), (2.5, 10), (1.5, 0)) + "; s 1.5; u 4.5; w 4.5; u 4.5; w 4.5; u 3; w 3; u 1.5; w 1.5"
    assert told(diff(known, a, b)) == {"v": "origin", "phi": "origin", "x": "inherited", "w": "origin"}


@pytest.mark.parametrize("stale", [0, 1, 2])
def test_a_value_that_was_not_computed_anew_says_nothing_of_the_order(stale: int) -> None:
    """In one iteration p differs and x is what it was: x does not follow there, but not for its place."""
    known = catalogue("""
        [v]
        kind = "input"
        [p]
        kind = "input"
        [x]
        parents = ["v", "p"]
        formula = "v + p"
    """)

    def said(p: float, *values: float) -> str:
        rows = ((v, p if index == stale else 1) for index, v in enumerate(values))
        return "; ".join(f"v {f'{v} ' * 12}; p {q}; x {f'{v + 1} ' * 12}" for v, q in rows)

    assert told(diff(known, said(1, 1.5, 2.5, 4.5), said(1.5, 4.5, 2.5, 1.5))) == {"p": "healed"}


def test_right_values_in_the_wrong_places_are_at_fault() -> None:
    """Each iteration of the candidate says what another one of the reference says, and yet its place is not its own."""
    known = catalogue("""
        [phi]
        formula = "10*index(phi)"
        [x]
        parents = ["phi"]
        formula = "phi + 1"
    """)
    found = diff(known, "phi 0; x 1; phi 10; x 11; phi 20; x 21", "phi 20; x 21; phi 10; x 11; phi 0; x 1")
    assert told(found) == {"phi": "origin", "x": "inherited"}
    assert str(found.origins[0].side) == "candidate"
