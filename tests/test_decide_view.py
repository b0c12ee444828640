"""Which records belong to which: loops, siblings, places that a line does not tell; and what the arguments ask for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.at import At
from firstbad.tracer.catalogue import Catalogue, Quantity, from_document
from firstbad.tracer.formula import Unknown
from firstbad.tracer.model import Manifest, Record, Trace
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits, Verdict, measure
from firstbad.tracer.uncertain import EPSILON, FLOAT32, Num, to_float32
from firstbad.tracer.view import View
from small_traces import SEVENTEEN, catalogue, sealed, trace

SCOPES = ("run", "pixel", "layer", "subpixel", "source", "phi", "mosaic")
PLAIN = Catalogue()


def viewed(text: str, known: Catalogue = PLAIN, head: str = SEVENTEEN) -> View:
    return View(trace(text, head), known)


def numbers(records: list[Record]) -> list[float]:
    return [record.numbers[0] for record in records]


def related(text: str, name: str, of: str, number: int = 0, known: Catalogue = PLAIN) -> list[float]:
    """The values of `name` that belong to one record of `of`."""
    view = viewed(text, known)
    return numbers(view.related(name, view.records(of)[number]))


# ---- all records of a name -------------------------------------------------------------------------------------------


def test_records_of_a_name_come_in_the_order_of_the_trace() -> None:
    """Also where they alternate between places of the loop nest."""
    text = "q 1; q{phi=0} 2; q 3; q{phi=0,mosaic=1} 4; q{phi=1} 5; other 6"
    assert numbers(viewed(text).records("q")) == [1, 2, 3, 4, 5]
    assert numbers(viewed("q{phi=1} 1; q{phi=0} 2").records("q")) == [1, 2]
    assert numbers(viewed("q 1; q{phi=0} 2; q 3").records("q")) == [1, 2, 3]
    assert viewed(text).records("nothing") == []


def test_one_telling_of_a_loop_leaves_out_the_scopes_where_it_can() -> None:
    assert numbers(viewed("q{phi=0} 2; q 1; q 3").loop("q")) == [1, 3]
    assert numbers(viewed("q{phi=0} 2; q{phi=1,mosaic=0} 3").loop("q")) == [2, 3]
    assert viewed("q 1").loop("nothing") == []


def test_aliases_and_headings_are_one_name() -> None:
    known = catalogue('[q]\naliases = ["After the loop/z", "w"]')
    view = View(parse("TRACE: After the loop:\nTRACE:   z = 1\nTRACE: w 2\nTRACE: z 3\n"), known)
    assert numbers(view.records("q")) == [1, 2]
    assert [view.name(record) for record in view.trace] == ["q", "q", "z"]


# ---- the records that belong to one ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [*SCOPES, "odd", None])
@pytest.mark.parametrize("loop", ["pixel", "layer", "subpixel", "source", "phi", "mosaic", "other"])
def test_a_record_that_does_not_say_where_it_is_serves_only_loops_that_it_does_not_run_in(
    scope: str | None, loop: str
) -> None:
    known = PLAIN if scope is None else Catalogue({"q": Quantity("q", scope=scope)})
    runs_in = scope in SCOPES and loop in SCOPES and SCOPES.index(loop) <= SCOPES.index(scope)
    assert related(f"q 1; r{{{loop}=2}} 5", "q", "r", known=known) == ([] if runs_in else [1])


def test_the_place_with_most_in_common_and_least_beyond_is_chosen() -> None:
    text = "q 1; q{phi=1} 2; q{phi=1,mosaic=2} 3; a 0; b{phi=1} 0; c{phi=1,mosaic=2} 0; d{phi=1,source=0} 0"
    assert related(text, "q", "a") == [1]
    assert related(text, "q", "b") == [2]
    assert related(text, "q", "c") == [3]
    assert related(text, "q", "d") == [2]


def test_only_records_of_the_same_step_belong_to_it() -> None:
    text = "q{phi=0} 1; q{phi=1} 2; q{phi=1,mosaic=0} 3; r{phi=1} 0; r{phi=2} 0"
    assert related(text, "q", "r", 0) == [2]
    assert related(text, "q", "r", 1) == []
    assert related("q 1", "nothing", "q") == []


def test_all_records_below_a_place_belong_to_it() -> None:
    text = "q{phi=0,mosaic=0} 1; q{phi=0,mosaic=1} 2; q{phi=1,mosaic=0} 3; r{phi=0} 0; t 0"
    assert related(text, "q", "r") == [1, 2]
    assert related(text, "q", "t") == [1, 2, 3]


def test_siblings_are_paired_one_by_one() -> None:
    text = "q 1; r 0; q 2; r 0; q 3; r 0"
    assert [related(text, "q", "r", n) for n in range(3)] == [[1], [2], [3]]


def test_a_multiple_of_the_siblings_is_shared_among_them() -> None:
    text = "q 1; q 2; q 3; r 0; q 4; q 5; q 6; r 0"
    assert [related(text, "q", "r", n) for n in range(2)] == [[1, 2, 3], [4, 5, 6]]
    assert related("q 1; q 2; r 0", "q", "r") == [1, 2]


def test_else_the_last_one_before_belongs_and_the_first_where_none_came_before() -> None:
    text = "r 0; q 1; r 0; r 0; q 2; r 0; r 0"
    assert [related(text, "q", "r", n) for n in range(5)] == [[1], [1], [1], [2], [2]]


def test_one_record_belongs_to_all() -> None:
    assert [related("r 0; q 1; r 0; r 0", "q", "r", n) for n in range(3)] == [[1]] * 3


def test_siblings_are_counted_in_each_place_by_itself() -> None:
    text = "q{phi=0} 1; q{phi=0} 2; r{phi=0} 0; r{phi=0} 0; q{phi=1} 3; q{phi=1} 4; r{phi=1} 0; r{phi=1} 0"
    assert [related(text, "q", "r", n) for n in range(4)] == [[1], [2], [3], [4]]


# ---- what is said beside the records -----------------------------------------------------------------------------------------


def test_the_dtype_is_that_of_the_manifest_or_of_the_numbers() -> None:
    view = View(sealed("q 0.1", dtype="torch.float32"), PLAIN)
    assert (view.dtype, view.epsilon) == ("float32", FLOAT32)
    view = View(sealed("q 0.1"), PLAIN)
    assert (view.dtype, view.epsilon) == ("float64", EPSILON)
    single = "".join(f"TRACE: q {to_float32(n / 7):.17g}\n" for n in range(1, 14) if n % 7)
    assert View(parse(single), PLAIN).dtype == "float32"


def test_numbers_are_told_with_what_they_may_be_off_and_in_the_unit_of_the_catalogue() -> None:
    view = viewed("q 5; v 1 2; w MOSFLM")
    q, v, w = view.trace.records[1:]
    assert view.term(q, (0.5,)) == Num(5.0, 0.5)
    assert view.term(v, (0.5, 0.25)) == (Num(1.0, 0.5), Num(2.0, 0.25))
    view.labels.update({"q": -1e3, "v": 0.5})
    assert view.term(q, (0.5,)) == Num(-5e-3, 5e-4)
    assert view.term(v, (0.5, 0.25)) == (Num(2.0, 1.0), Num(4.0, 0.5))
    with pytest.raises(Unknown, match="a number in w, which is a word there"):
        view.term(w, (0.0,))


def test_how_far_what_was_found_is_from_a_record() -> None:
    view = viewed("v 3 -4")
    assert view.off(view.records("v")[0], (Num(3.5, 9.0), Num(-2.0, 9.0))) == 2.5


def test_a_short_number_among_long_ones_may_show_no_more_than_it_says() -> None:
    view = viewed("q 1.2345678", head="")
    assert view.shown(view.records("q")[0]) == (0.0,), "it shows all its digits"
    view = viewed("long 1.23456789012345; q 1.234567", head="")
    assert view.shown(view.records("q")[0]) == pytest.approx((5e-7,), rel=1e-3, abs=0)


def test_the_digits_of_the_manifest_are_what_every_number_shows() -> None:
    """%.9g strips zeros: 0.5 is 0.500000000; else it is a %g of six digits."""
    for facts, half in (({"digits": "9"}, 5e-10), ({"digits": "many"}, 5e-7), ({}, 5e-7)):
        view = View(replace(parse("TRACE_C: q 0.5\n"), manifest=Manifest(facts)), PLAIN)
        assert view.half(view.records("q")[0]) == pytest.approx((half,), rel=1e-3, abs=0)


HEARD = from_document(
    {
        "console": [{"line": r"^far=(?P<far>\S+) (?P<word>\S+)$", "digits": 4}],
        "option": [{"flag": "-n", "says": "option_n"}, {"flag": "-m", "says": "option_m"}],
        "asked": {
            "asked_n": {"formula": "2*last(option_n)", "when": "count(option_n) > 0"},
            "asked_both": {"formula": "asked_n + last(option_m)"},
        },
    }
)


def heard(args: str, plain: str = "far=0.25 away\n") -> View:
    return View(replace(parse(f"{plain}TRACE: q 1\n"), manifest=Manifest({"args": args})), HEARD)


def test_what_a_program_says_in_plain_lines_and_was_asked_for_are_records_too() -> None:
    view = heard("-n 3 -n 4.5")
    (far,), options = view.records("far"), view.records("option_n")
    assert (far.values, view.name(far)) == ((0.25,), "far")
    assert numbers(options) == [3, 4.5]
    assert view.half(far) == pytest.approx((5e-5,), rel=1e-6, abs=0)
    assert view.half(options[1]) == (EPSILON * 4.5,), "what was typed is meant"
    assert view.shown(far) == (0.0,) and view.shown(view.records("word")[0]) == (0.0,)
    assert numbers(view.related("far", view.records("q")[0])) == [0.25]


def test_what_follows_from_the_arguments_is_known_everywhere() -> None:
    view = heard("-n 3 -m 1")
    for name, value in (("asked_n", 6.0), ("asked_both", 7.0)):
        for _ in range(2):
            term = view.asked(name, view.records("q")[0])
            assert isinstance(term, Num) and term.v == value
            assert At(view, view.records("q")[0], {}).value(name) == term


@pytest.mark.parametrize("args", ["-m 1", "-n word", ""])
def test_what_the_arguments_leave_open_is_unknown_by_its_name(args: str) -> None:
    view = heard(args)
    for _ in range(2):
        with pytest.raises(Unknown, match="asked_n, which the arguments leave open"):
            view.asked("asked_n", view.records("q")[0])
    with pytest.raises(Unknown, match="asked_both"):
        view.asked("asked_both", view.records("q")[0])


def test_two_values_are_one_within_the_sum_of_their_errors_in_every_component() -> None:
    view = View(trace("x 1"), catalogue("[x]"))
    assert view.alike(Num(2.0), Num(2.0)) and not view.alike(Num(2.0), Num(2.5))
    assert view.alike(Num(2.0, 0.25), Num(2.5, 0.25)) and not view.alike(Num(2.0, 0.25), Num(2.5, 0.125))
    assert view.alike((Num(1.0), Num(2.0)), (Num(1.0), Num(2.0)))
    assert not view.alike((Num(1.0), Num(2.0)), (Num(1.0), Num(3.0)))
    assert not view.alike((Num(1.0), Num(2.0)), (Num(1.0),))


def test_words_and_what_is_not_finite_were_not_counted() -> None:
    tokens = ("5", "MOSFLM", "nan", "inf")
    n = Record("n", (5.0, "MOSFLM", math.nan, math.inf), tokens, (4,))
    more = Record("n", (6.0, *n.values[1:]), ("6", *tokens[1:]), (4,))
    a, b = View(Trace((n,)), PLAIN), View(Trace((more,)), PLAIN)
    assert [a.counted(n, i) for i in range(4)] == [False] * 4
    verdicts = [m.verdict("n", Limits()) for m in measure(a, n, b, more)]
    assert verdicts == [Verdict.DIFFERENT] + [Verdict.EQUAL] * 3
