"""How the best explanation is chosen: what is asked, what must be ahead by how much, what is said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pytest
from firstbad.tracer.pattern import Pattern, _confidence, _evidence, _exchanged, _first, _weighed, explain
from firstbad.tracer.pattern_data import Data, Guess
from pattern_pairs import Rows, context, exact, printed

TURN = 2 * math.pi
ONE = exact([[1.0]], [[2.0]])
"""1 became 2: a guess of 2 fits, and the bits that it is given are what speaks for it."""


def guess(bits: float, text: str = "twice", kind: str = "k", value: float | None = 2.0, least: float = 8.0) -> Guess:
    return Guess(kind, text, [value], [0.0], 0.0, least, bits)


def weighed(*guesses: Guess, extra: float = 0.0) -> list[tuple[float, str]]:
    def rule(_: Data) -> Iterator[Guess]:
        yield from guesses

    return [(bits, found.text) for bits, found in _weighed(ONE, [rule], extra)]


def asked(
    reference: Rows, candidate: Rows, beside: Sequence[float] = (0.123456789012345,), fault: str = ""
) -> Pattern | None:
    """What explains x; `beside` is a number that both traces print with all their digits."""
    more: dict[str, Rows] = {"beside": [beside]}
    both = context({**more, "x": reference}, {**more, "x": candidate})
    return explain(both.a.trace.find("x"), both.b.trace.find("x"), both, fault)


def test_a_guess_must_be_ahead_by_what_it_demands_and_by_the_extra() -> None:
    assert weighed(guess(8.0, "just"), guess(7.9, "hardly"), guess(12.0, "well")) == [(8.0, "just"), (12.0, "well")]
    assert weighed(guess(8.0, "just"), guess(10.0, "well"), extra=2.0) == [(8.0, "well")]
    assert weighed(guess(1.0, least=1.0), guess(0.5, least=1.0)) == [(1.0, "twice")]
    assert weighed() == []


def test_a_guess_that_does_not_fit_or_claims_nothing_is_dropped() -> None:
    assert weighed(guess(30.0, value=3.0), guess(30.0, value=None)) == []


def test_every_rule_is_asked() -> None:
    def first(_: Data) -> Iterator[Guess]:
        yield guess(9.0, "one")

    def second(_: Data) -> Iterator[Guess]:
        yield guess(11.0, "other")

    assert [bits for bits, _ in _weighed(ONE, [first, second], 0.0)] == [9.0, 11.0]


def test_the_guess_that_is_furthest_ahead_wins() -> None:
    found = _first(ONE, [(9.0, guess(9.0, "low")), (30.0, guess(30.0, "high", "kind")), (20.0, guess(20.0, "mid"))])
    assert found is not None
    assert (found.kind, found.text, found.also) == ("kind", "high", ())
    assert found.evidence[-1] == "ahead of a coincidence by 30 bits"
    assert _first(ONE, []) is None


def test_of_two_that_are_as_far_ahead_the_rule_that_comes_first_wins() -> None:
    found = _first(ONE, [(9.0, guess(9.0, "first")), (9.0, guess(9.0, "second"))])
    assert found is not None
    assert (found.text, found.also) == ("first", ("second",))


def test_what_is_less_than_three_bits_behind_is_named_beside_once() -> None:
    rivals = [
        (17.5, "near"),
        (17.25, "near"),
        (17.125, "nearer"),
        (17.0, "three behind"),
        (14.5, "far"),
        (19.0, "best"),
    ]
    found = _first(ONE, [(20.0, guess(20.0, "best")), *((bits, guess(bits, text)) for bits, text in rivals)])
    assert found is not None
    assert (found.text, found.also) == ("best", ("near", "nearer"))


def test_confidence_is_shared_among_kinds_and_not_among_texts() -> None:
    best, same = (20.0, guess(20.0, "best", "a")), (19.0, guess(19.0, "same kind", "a"))
    others = [(19.0, guess(19.0, "b1", "b")), (18.0, guess(18.0, "b2", "b")), (18.0, guess(18.0, "c", "c"))]
    alone, shared = _first(ONE, [best, same]), _first(ONE, [best, same, *others])
    assert alone is not None and shared is not None
    assert (alone.confidence, alone.also) == (0.9995, ("same kind",))
    assert (shared.confidence, shared.also) == (0.3332, ("same kind", "b1", "b2", "c"))


@pytest.mark.parametrize(
    ("bits", "rivals", "confidence"),
    [(0.0, 0, 0.5), (1.0, 0, 0.75), (-1.0, 0, 0.0), (3.0, 0, 0.9375), (8.0, 0, 0.998), (10.0, 0, 0.9995),
     (10.5, 0, 0.9995), (40.0, 0, 0.9995), (3.0, 1, 0.4688), (3.0, 2, 0.3125)],
)  # fmt: skip
def test_confidence_halves_its_doubt_with_each_bit_up_to_ten(bits: float, rivals: int, confidence: float) -> None:
    assert _confidence(bits, rivals) == confidence


def evidence(reference: list[list[float]], candidate: list[list[float]], claims: list[float | None]) -> tuple[str, ...]:
    return _evidence(exact(reference, candidate), Guess("k", "t", claims, None, 0.0), 12.4)


def test_the_evidence_counts_what_is_claimed_and_what_changed_of_it() -> None:
    assert evidence([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.5], [3.0, 5.0]], [1.0, 2.5, 3.0, None]) == (
        "fits 3 values in 2 records, 1 of them changed",
        "reference 2, candidate 2.5",
        "ahead of a coincidence by 12 bits",
    )


def test_the_evidence_shows_the_largest_change_with_all_digits() -> None:
    assert evidence([[5.0, 1.0, 0.1]], [[6.0, -1.0, 0.2]], [6.0, -1.0, 0.2])[1] == "reference 1, candidate -1"
    assert evidence([[0.1, 9.0]], [[1 / 3, 9.0]], [1 / 3, 9.0])[1] == (
        "reference 0.10000000000000001, candidate 0.33333333333333331"
    )


def test_the_evidence_shows_a_nan_only_where_nothing_else_changed() -> None:
    nan = math.nan
    assert evidence([[1.0, 1.0]], [[nan, 1.5]], [nan, 1.5])[1] == "reference 1, candidate 1.5"
    assert evidence([[1.0, 1.0]], [[nan, 1.0]], [nan, 1.0])[1] == "reference 1, candidate nan"


@pytest.mark.parametrize(
    ("of_the_candidate", "of_the_reference"),
    [
        ("the candidate lacks a factor f", "the reference lacks a factor f"),
        ("the candidate is 1 where the reference is not", "the reference is 1 where the candidate is not"),
        ("rounded to 3 decimals", "the reference: rounded to 3 decimals"),
    ],
)
def test_what_is_the_mistake_of_the_reference_is_said_of_it(of_the_candidate: str, of_the_reference: str) -> None:
    assert _exchanged(of_the_candidate) == of_the_reference


def test_a_pattern_is_its_text_and_plain_data() -> None:
    pattern = Pattern("two-pi", "a factor of 2π", 0.75, ("fits",), ("other",))
    assert str(pattern) == "a factor of 2π"
    assert pattern.as_dict() == {
        "kind": "two-pi", "text": "a factor of 2π", "confidence": 0.75, "evidence": ["fits"], "also": ["other"],
    }  # fmt: skip


R = 12.3456789012345


def test_what_fits_all_records_is_said_of_all() -> None:
    """A component gives at most forty bits, 2π costs four."""
    found = asked([[R]], [[R * TURN]])
    assert found == Pattern(
        "two-pi",
        "a factor of 2π",
        0.9995,
        (
            "fits 1 value in 1 record, 1 of them changed",
            "reference 12.3456789012345, candidate 77.570188279393605",
            "ahead of a coincidence by 36 bits",
        ),
    )


def test_what_fits_only_the_records_that_differ_costs_six_bits_and_says_where() -> None:
    found = asked([[R], [2 * R], [3 * R]], [[R], [2 * R * TURN], [3 * R]])
    assert found is not None
    assert (found.kind, found.text) == ("two-pi", "a factor of 2π, in 1 of 3 records")
    assert found.evidence[:2] == ("in 1 of 3 records", "fits 1 value in 1 record, 1 of them changed")
    assert found.evidence[-1] == "ahead of a coincidence by 30 bits"


def test_what_holds_of_some_records_is_not_said_of_all() -> None:
    """`everywhere, in 4 of 20 records` contradicts itself; nor is an index counted from another start then."""
    rows = [[R * (1 + 0.37 * i)] for i in range(20)]
    some = [[v + 1e-9] if i in (3, 7, 9, 12) else [v] for i, (v,) in enumerate(rows)]
    found = asked(rows, some)
    assert found is not None and (found.kind, found.text) == ("offset", "the same +1e-09 is added in 4 of 20 records")
    found = asked([[R], [2 * R]], [[R], [2 * R + 1]])
    assert found is not None and (found.kind, found.text) == ("off-by-one", "+1 in 1 of 2 records")
    found = asked([[R], [2 * R]], [[R + 1], [2 * R + 1]])
    assert found is not None and found.text == "+1 everywhere: an index counted from another start"


def test_the_explanations_beside_it_are_of_the_same_records() -> None:
    rows = [[R * (1 + 0.37 * i)] for i in range(9)]
    found = asked(rows, [[round(v, 4)] if i in (5, 7, 8) else [v] for i, (v,) in enumerate(rows)])
    assert found is not None and found.text == "rounded to 4 decimals, in 3 of 9 records"
    assert found.also == ("rounded to 6 digits, in 3 of 9 records",)


def test_a_record_in_which_one_component_differs_is_one_that_differs() -> None:
    """Negated, and the zero that says nothing."""
    found = asked([[R, 0.0, 2.3 * R], [3.1 * R, 1.7 * R, R]], [[-R, 0.0, -2.3 * R], [3.1 * R, 1.7 * R, R]])
    assert found is not None
    assert (found.kind, found.text) == ("sign", "the sign is reversed, in 1 of 2 records")


def test_a_factor_of_single_components_costs_six_bits_and_says_how_many() -> None:
    rows = [[R, 1.1 * R, 1.3 * R], [1.7 * R, 1.9 * R, 2.3 * R]]
    found = asked(rows, [[a, b, c * TURN] for a, b, c in rows])
    assert found is not None
    assert (found.kind, found.text) == ("two-pi", "a factor of 2π, in 1 of 3 components")
    assert found.evidence[:2] == ("in 1 of 3 components", "fits 2 values in 2 records, 2 of them changed")
    assert found.evidence[-1] == "ahead of a coincidence by 70 bits"


def test_a_component_differs_if_it_does_so_in_any_record() -> None:
    rows = [[R, 1.1 * R, 0.0], [1.7 * R, 1.9 * R, 2.3 * R], [1.3 * R, 1.2 * R, 2.9 * R]]
    found = asked(rows, [[a, b, c * TURN] for a, b, c in rows])
    assert found is not None
    assert (found.kind, found.text) == ("two-pi", "a factor of 2π, in 1 of 3 components")


def test_what_nothing_explains_has_no_pattern() -> None:
    rows = [[R, 1.1 * R, 1.3 * R], [1.7 * R, 1.9 * R, 2.3 * R]]
    for factors in ((1.0, 1.0, 1.0123), (1.0123, 0.9871, 1.0456)):
        changed = [[x * f * (1 + i / 7) for x, f in zip(row, factors, strict=True)] for i, row in enumerate(rows)]
        assert asked(rows, changed) is None
        assert asked(rows, [rows[0], changed[1]]) is None


def test_the_mistake_of_the_reference_costs_one_bit_more() -> None:
    long = [[1.23456789012345 * (i + 1)] for i in range(4)]
    short = [[round(x, 3)] for (x,) in long]
    ours, theirs = asked(long, short), asked(short, long)
    assert ours is not None and theirs is not None
    assert (ours.text, theirs.text) == ("rounded to 3 decimals", "the reference: rounded to 3 decimals")
    ahead = [int(found.evidence[-1].split()[-2]) for found in (ours, theirs)]
    assert ahead[0] - ahead[1] == 1


def test_equal_missing_and_unlike_records_are_not_explained() -> None:
    assert asked([[R]], [[R]]) is None
    assert asked([], [[R]]) is None
    assert asked([[R]], []) is None
    assert asked([["MOSFLM"]], [["XDS"]]) is None
    assert asked([[R]], [[R, R]]) is None


def test_a_quantity_is_explained_under_the_name_that_the_catalogue_gives_it() -> None:
    """The trace calls it by an alias; its unit, metres, is what lets a short length be off by ten."""
    length = {"d": {"aliases": ["x"], "unit": "m"}}
    both = context({"x": [[0.25]]}, {"x": [[2.5]]}, length)
    found = explain(both.a.trace.find("x"), both.b.trace.find("x"), both)
    assert found is not None and found.kind == "power-of-ten"
    bare = context({"x": [[0.25]]}, {"x": [[2.5]]})
    assert explain(bare.a.trace.find("x"), bare.b.trace.find("x"), bare) is None


def test_the_data_of_these_tests_are_known_exactly_or_as_printed() -> None:
    """`exact` knows its numbers without error, `printed` as a trace shows them."""
    assert (ONE.flat[0].r, ONE.flat[0].c, ONE.flat[0].r_error, ONE.flat[0].same) == (1.0, 2.0, 0.0, False)
    assert printed({"x": [["1.50"]]}, {"x": [["2.50"]]}).flat[0].r_error == pytest.approx(0.005)


# ---- who made the mistake --------------------------------------------------------------------------------------------

FINE: Rows = [[1.2345678901234567], [2.3456789012345678], [3.4567890123456789]]
COARSE: Rows = [[1.235], [2.346], [3.457]]
TRIPLED: Rows = [[10 * v for v in row] for row in FINE]
PART: Rows = [FINE[0], *TRIPLED[1:]]
VECTORS: Rows = [[v, 2.7 * v] for (v,) in FINE]
COLUMN: Rows = [[v, 27 * v] for (v,) in FINE]


@pytest.mark.parametrize(
    ("reference", "candidate", "fault", "said"),
    [
        (FINE, COARSE, "", "rounded to 3 decimals"),
        (FINE, COARSE, "candidate", "rounded to 3 decimals"),
        (FINE, COARSE, "reference", None),
        (FINE, COARSE, "neither", None),
        (COARSE, FINE, "", "the reference: rounded to 3 decimals"),
        (COARSE, FINE, "candidate", None),
        (COARSE, FINE, "reference", "the reference: rounded to 3 decimals"),
        (COARSE, FINE, "neither", None),
        (FINE, TRIPLED, "", "a factor of 1e1: as between Å and nm"),
        (FINE, TRIPLED, "candidate", "a factor of 1e1: as between Å and nm"),
        (FINE, TRIPLED, "reference", "the reference: a factor of 1e-1: as between Å and nm"),
        (FINE, TRIPLED, "neither", "a factor of 1e1: as between Å and nm"),
        (FINE, PART, "reference", "the reference: a factor of 1e-1: as between Å and nm, in 2 of 3 records"),
        (VECTORS, COLUMN, "candidate", "a factor of 1e1: as between Å and nm, in 1 of 2 components"),
        (VECTORS, COLUMN, "reference", "the reference: a factor of 1e-1: as between Å and nm, in 1 of 2 components"),
    ],
)
def test_only_the_side_at_fault_is_asked_what_it_did(
    reference: Rows, candidate: Rows, fault: str, said: str | None
) -> None:
    found = asked(reference, candidate, fault=fault)
    assert (found and found.text) == said


def test_the_mistake_of_a_side_that_formulas_accuse_costs_nothing_extra() -> None:
    guessed, told = (asked(COARSE, FINE, fault=fault) for fault in ("", "reference"))
    assert guessed is not None and told is not None
    assert told.evidence[-1] != guessed.evidence[-1] and told.confidence >= guessed.confidence
