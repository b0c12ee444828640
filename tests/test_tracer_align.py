"""Pairing: exact keys, aliases, anchors where loops differ; what is alone stays visible."""

from __future__ import annotations

import pytest
from firstbad.tracer.align import By, align, match
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.text import parse
from firstbad.tracer.view import View
from hypothesis import given
from hypothesis import strategies as st
from sealed_lines import sealed

NAMED = from_document({"quantity": {"pos": {"aliases": ["pixel_pos", "After/pos"]}, "F": {"parents": ["pos"]}}})


def pairs(a: str, b: str, catalogue: Catalogue = NAMED) -> list[tuple[str, object, object, By]]:
    """Quantity, both first values (None where alone), and what paired them."""
    found = align(View(parse(a), catalogue), View(parse(b), catalogue))
    return [
        (p.quantity, p.reference and p.reference.values[0], p.candidate and p.candidate.values[0], p.by) for p in found
    ]


def lines(*values: object) -> str:
    return "".join(f"TRACE_C: F {value}\n" for value in values)


def test_equal_names_pair_by_key_in_any_order() -> None:
    assert pairs("TRACE_C: pos 1\nTRACE_C: F 2\n", "TRACE_PY: F 3\nTRACE_PY: pos 4\n") == [
        ("pos", 1.0, 4.0, By.KEY),
        ("F", 2.0, 3.0, By.KEY),
    ]


def test_aliases_and_headings_pair() -> None:
    assert pairs("TRACE_C: pos 1\n", "TRACE_PY: pixel_pos = 2 m\n") == [("pos", 1.0, 2.0, By.ALIAS)]
    assert pairs("TRACE_C: pos 1\n", "TRACE: After:\nTRACE:   pos = 2\n") == [("pos", 1.0, 2.0, By.ALIAS)]


def test_one_sided_records_are_results() -> None:
    assert pairs("TRACE_C: pos 1\nTRACE_C: F 2\n", "TRACE_PY: F 2\nTRACE_PY: extra 5\n") == [
        ("pos", 1.0, None, By.NOTHING),
        ("F", 2.0, 2.0, By.KEY),
        ("extra", None, 5.0, By.NOTHING),
    ]


def test_a_dropped_record_does_not_shift_the_rest() -> None:
    assert pairs(lines(1, 2, 3, 4), lines(1, 3, 4)) == [
        ("F", 1.0, 1.0, By.ANCHOR),
        ("F", 2.0, None, By.NOTHING),
        ("F", 3.0, 3.0, By.ANCHOR),
        ("F", 4.0, 4.0, By.ANCHOR),
    ]


def test_a_doubled_record_is_alone() -> None:
    found = pairs(lines(1, 2, 3), lines(1, 2, 2, 3))
    assert [p for p in found if p[1] is None] == [("F", None, 2.0, By.NOTHING)]
    assert [p[1:3] for p in found if p[1] is not None] == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]


def test_a_changed_record_between_anchors_pairs_by_order() -> None:
    found = pairs(lines(1, 2, 3, 4), lines(1, 9, 3))
    assert ("F", 2.0, 9.0, By.ORDER) in found
    assert ("F", 4.0, None, By.NOTHING) in found


def test_iterations_of_a_loop_move_together() -> None:
    def loop(*rows: tuple[float, float]) -> str:
        return "".join(f"TRACE_C: pos {p}\nTRACE_C: F {f}\n" for p, f in rows)

    found = pairs(loop((1, 10), (2, 20), (3, 30)), loop((2, 99), (3, 30)))
    assert [(p[0], p[1], p[2]) for p in found] == [
        ("pos", 1.0, None), ("F", 10.0, None), ("pos", 2.0, 2.0), ("F", 20.0, 99.0), ("pos", 3.0, 3.0), ("F", 30.0, 30.0),
    ]  # fmt: skip


def test_scopes_pair_by_place_whatever_their_order_and_spelling() -> None:
    a = "TRACE_C: F{phi=0} 1\nTRACE_C: F{phi=1} 2\n"
    b = "TRACE_PY: F{phi=1} 2\nTRACE_PY: F{phi=0} 1\n"
    assert [p[1:3] for p in pairs(a, b)] == [(1.0, 1.0), (2.0, 2.0)]
    assert [p[1:3] for p in pairs(a, "TRACE_PY phi_tic=1 F=2 G=0\n")] == [(1.0, None), (2.0, 2.0), (None, 0.0)]


def test_a_side_without_scopes_pairs_by_order() -> None:
    a = "TRACE_C: F{phi=0} 1\nTRACE_C: F{phi=1} 2\n"
    assert pairs(a, lines(1, 2)) == [("F", 1.0, 1.0, By.ORDER), ("F", 2.0, 2.0, By.ORDER)]
    assert [p[1:3] for p in pairs(a, lines(2))] == [(1.0, None), (2.0, 2.0)]


def test_a_side_without_scopes_pairs_an_iteration_by_all_it_says() -> None:
    """What differs in each iteration would be paired by order, did not the rest of the iteration tell where it is."""

    def said(phi: int, pos: float, f: float) -> str:
        return f"TRACE_C: pos{{phi={phi}}} {pos}\nTRACE_C: F{{phi={phi}}} {f}\nTRACE_C: G{{phi={phi}}} {pos + f}\n"

    a = said(0, 1, 10) + said(1, 2, 20) + said(2, 3, 30)
    b = "TRACE_C: pos 2\nTRACE_C: F 99\nTRACE_C: G 22\nTRACE_C: pos 3\nTRACE_C: F 98\nTRACE_C: G 33\n"
    assert [p[1:3] for p in pairs(a, b) if p[0] == "F"] == [(10.0, None), (20.0, 99.0), (30.0, 98.0)]


@pytest.mark.parametrize(
    ("dtype", "met"), [("float32", [(1.0, None), (0.96430395, 0.96430171)]), ("float64", [(1.0, 0.96430171), (0.96430395, None)])]
)  # fmt: skip
def test_iterations_of_a_float32_side_know_each_other_by_fewer_digits(
    dtype: str, met: list[tuple[float, float]]
) -> None:
    a = "TRACE_C: F{phi=0} 1\nTRACE_C: F{phi=1} 0.96430395\n"
    b = sealed("TRACE_C: F 0.96430171", dtype=dtype)
    assert [p[1:3] for p in pairs(a, b)] == met


def test_of_two_iterations_alike_to_four_digits_the_fifth_tells_which_is_meant() -> None:
    a = "TRACE_C: F{phi=0} 0.12341\nTRACE_C: F{phi=1} 0.12344\n"
    b = sealed("TRACE_C: F 0.12344001", dtype="float32")
    assert [p[1:3] for p in pairs(a, b)] == [(0.12341, None), (0.12344, 0.12344001)]


def rows(*iterations: tuple[object, ...]) -> str:
    """A loop that prints pos, same and F in each iteration; None leaves one out."""
    names = ("pos", "same", "F")
    return "".join(
        f"TRACE_C: {name} {value}\n"
        for row in iterations
        for name, value in zip(names, row, strict=True)
        if value is not None
    )


def lines_of(a: str, b: str, name: str, in_order: tuple[str, ...] = ()) -> list[tuple[int | None, int | None]]:
    """The lines of both sides that are paired for one quantity."""
    found = align(View(parse(a), NAMED), View(parse(b), NAMED), in_order)
    return [
        (p.reference.line if p.reference else None, p.candidate.line if p.candidate else None)
        for p in found
        if p.quantity == name
    ]


LOOP = ((1, 7, 10), (2, 7, 20), (3, 7, 30))


def test_where_the_rest_of_the_loop_is_paired_it_tells_in_which_iteration_a_record_is_lacking() -> None:
    b = rows(LOOP[0], (2, None, 20), LOOP[2])
    assert lines_of(rows(*LOOP), b, "same") == [(2, 2), (5, None), (8, 7)]
    twice = rows(LOOP[0], LOOP[1]) + "TRACE_C: same 7\n" + rows(LOOP[2])
    assert (None, 7) in lines_of(rows(*LOOP), twice, "same")


def test_two_quantities_that_lack_a_record_in_two_iterations_are_told_apart() -> None:
    b = rows((1, 7, None), LOOP[1], (3, None, 30))
    assert lines_of(rows(*LOOP), b, "same") == [(2, 2), (5, 4), (8, None)]
    assert lines_of(rows(*LOOP), b, "F") == [(3, None), (6, 5), (9, 7)]


def test_where_it_stands_weighs_as_much_as_what_a_record_says() -> None:
    b = rows(LOOP[0], (2, None, 20), (3, 9, 30))
    assert lines_of(rows(*LOOP), b, "same") == [(2, 2), (5, None), (8, 7)], (
        "the last one says 9 and stands at the third"
    )


def test_iterations_in_another_order_are_paired_by_what_they_say() -> None:
    assert lines_of(rows(*LOOP), rows(LOOP[2], LOOP[0], LOOP[1]), "F") == [(3, 6), (6, 9), (9, 3)]
    assert lines_of(rows(*LOOP), rows(LOOP[0], LOOP[2], LOOP[1]), "same") == [(2, 2), (5, 8), (8, 5)]
    assert lines_of(rows(*LOOP), rows(LOOP[2], LOOP[0], LOOP[1]), "F", ("pos",)) == [(3, 3), (6, 6), (9, 9)]


def test_iterations_that_also_differ_are_paired_in_order() -> None:
    b = rows((3, 7, 30), (1, 7, 10), (2, 7, 20.5))
    assert lines_of(rows(*LOOP), b, "F") == [(3, 3), (6, 6), (9, 9)]
    wide = [tuple(range(i, i + 3)) for i in (10, 20, 30)]
    loop = "".join(f"TRACE_C: pos {a}\nTRACE_C: F {b} {c} 1 2 3 4 5 6 7 8\n" for a, b, c in wide)
    off = "".join(f"TRACE_C: pos {a}\nTRACE_C: F {b} {c} 1 2 3 4 5 6 7 9\n" for a, b, c in (wide[1], wide[2], wide[0]))
    assert lines_of(loop, off, "F") == [(2, 6), (4, 2), (6, 4)], "one part in eleven may differ"


def test_a_name_that_both_sides_use_as_often_comes_before_an_alias_of_it() -> None:
    a, b = "TRACE_C: pos 1\nTRACE_C: pixel_pos 2\n", "TRACE_PY: pixel_pos 3\nTRACE_PY: pos 4\n"
    assert [p[:3] for p in pairs(a, b)] == [("pos", 1.0, 4.0), ("pos", 2.0, 3.0)]
    more = pairs(a, b + "TRACE_PY: pos 5\n")
    assert ("pos", 2.0, 3.0) in [p[:3] for p in more] and len(more) == 3


numbers = st.lists(st.integers(0, 5), max_size=8)


@given(numbers, numbers)
def test_every_record_appears_once(a: list[int], b: list[int]) -> None:
    one, two = View(parse("TRACE_C: pos 0\n" + lines(*a)), NAMED), View(parse("TRACE_C: pos 0\n" + lines(*b)), NAMED)
    found = align(one, two)
    assert sorted(id(p.reference) for p in found if p.reference) == sorted(map(id, one.trace.records))
    assert sorted(id(p.candidate) for p in found if p.candidate) == sorted(map(id, two.trace.records))
    assert all(p.reference or p.candidate for p in found)
    order = [p.reference.line for p in found if p.reference]
    assert order == sorted(order)


@given(numbers, numbers)
def test_swapping_the_sides_swaps_the_pairs(a: list[int], b: list[int]) -> None:
    fold = [[(x,) for x in side] for side in (a, b)]
    there, back = match(fold[0], fold[1]), match(fold[1], fold[0])
    assert sum(exact for *_, exact in there) == sum(exact for *_, exact in back)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=12, unique=True), st.data())
def test_deleting_records_leaves_the_others_paired_with_themselves(a: list[int], data: st.DataObject) -> None:
    b = [x for x in a if data.draw(st.booleans())]
    found = match([(x,) for x in a], [(x,) for x in b])
    assert [a[i] for i, j, _ in found if i is not None and j is not None] == b
    assert all(a[i] == b[j] for i, j, _ in found if i is not None and j is not None)


def test_long_sequences_anchor_on_what_is_unique() -> None:
    a = [(i,) for i in range(800)]
    b = [(i,) for i in range(800) if i not in (5, 400)]
    found = match(a, b)
    assert [i for i, j, _ in found if j is None] == [5, 400]
    assert match([(1,)] * 600, [(1,)] * 599)[-1] == (599, None, False)
