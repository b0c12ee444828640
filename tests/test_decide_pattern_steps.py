"""Several records of one number: shifted, repeated, summed, spaced otherwise; what each rule claims of which record."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern import Context, explain
from firstbad.tracer.pattern_data import Data, Rule
from firstbad.tracer.pattern_steps import (
    behind,
    blocks,
    constant,
    negative_index,
    row_same,
    shifted_steps,
    spacing,
    step_offset,
    sums,
    wrapped_steps,
)
from hypothesis import given
from hypothesis import strategies as st
from made_pairs import bare, claims, only, printed, series, traced

FOUR = [1.0, 2.0, 4.0, 8.0]
EIGHTHS = [[r / 8] for r in FOUR]
"""How exactly each is known: told apart, so that errors are seen to follow their records."""


def four(candidate: list[float] | None = None) -> Data:
    return bare([[r] for r in FOUR], [[c] for c in candidate or FOUR], EIGHTHS)


def vectors(values: list[float]) -> list[list[float]]:
    """A second component that always is ten times the first."""
    return [[v, 10 * v] for v in values]


def test_every_record_may_hold_another_one_s_value_up_to_two_steps_away() -> None:
    """Where there is no such record nothing is claimed; each step costs two bits."""
    guesses = list(shifted_steps(four()))
    assert claims(guesses) == [
        ("stale", "every record holds the value of the one before: not yet updated when used", 5.0, 8.0),
        ("off-by-one-step", "every record holds the value of the next one: the loop starts one step late", 5.0, 8.0),
        ("stale", "every record holds the value of two records before", 7.0, 8.0),
        ("off-by-one-step", "every record holds the value of the one after next", 7.0, 8.0),
    ]
    assert [g.values for g in guesses] == [
        [None, 1.0, 2.0, 4.0], [2.0, 4.0, 8.0, None], [None, None, 1.0, 2.0], [4.0, 8.0, None, None],
    ]  # fmt: skip
    for g in guesses:
        assert g.errors == [(v or 0.0) / 8 for v in g.values]


def test_records_of_vectors_are_shifted_as_a_whole() -> None:
    rows = vectors([1.0, 2.0, 4.0])
    guess = next(shifted_steps(bare(rows, rows, 0.25)))
    assert guess.values == [None, None, 1.0, 10.0, 2.0, 20.0]
    assert guess.errors == [0.0, 0.0, 0.25, 0.25, 0.25, 0.25]


def test_records_may_be_shifted_in_a_ring_or_run_backwards() -> None:
    guesses = list(wrapped_steps(four()))
    assert claims(guesses) == [
        ("stale", "the records are shifted by one, in a ring", 4.5, 8.0),
        ("off-by-one-step", "the records are shifted back by one, in a ring", 4.5, 8.0),
        ("reversed", "the records run backwards", 4.5, 8.0),
    ]
    assert [g.values for g in guesses] == [[8.0, 1.0, 2.0, 4.0], [2.0, 4.0, 8.0, 1.0], [8.0, 4.0, 2.0, 1.0]]
    for g in guesses:
        assert g.errors == [v / 8 for v in g.values if v is not None]


def test_an_index_of_minus_one_reads_the_last_record_in_the_first_place() -> None:
    guess = only(negative_index(four([8.0, 2.0, 4.0, 8.0])))
    assert claims([guess]) == [("negative-index", "the first record holds the last one's value: index -1", 5.0, 8.0)]
    assert guess.values == [8.0, 2.0, 4.0, 8.0]
    assert guess.errors == [1.0, 0.25, 0.5, 1.0]


def test_an_index_of_minus_one_shows_in_the_first_record() -> None:
    assert claims(negative_index(four([1.0, 2.0, 4.0, 9.0]))) == []
    half = bare(vectors([1.0, 2.0, 4.0]), [[1.0, 40.0], [2.0, 20.0], [4.0, 40.0]])
    assert len(claims(negative_index(half))) == 1


@pytest.mark.parametrize(
    "rule",
    [shifted_steps, wrapped_steps, negative_index, constant, sums, step_offset, spacing],
    ids=lambda r: r.__name__,
)
def test_two_records_are_no_series_and_three_are(rule: Rule) -> None:
    assert claims(rule(series([1.0, 2.0], [7.0, 7.0]))) == []
    assert claims(rule(series([1.0, 2.0, 3.0], [7.0, 7.0, 7.0])))


def test_the_first_record_s_value_everywhere() -> None:
    guess = only(constant(bare(vectors([1.0, 2.0, 4.0]), vectors([1.0] * 3), [[0.25, 0.5], [0.0, 0.0], [1.0, 1.0]])))
    said = "the first record's value stands everywhere: it is not computed again"
    assert claims([guess]) == [("constant", said, 2.0, 8.0)]
    assert guess.values == [1.0, 10.0] * 3
    assert guess.errors == [0.25, 0.5] * 3


@pytest.mark.parametrize(("kept", "whose"), [(1, "record 2"), (2, "record 3"), (3, "the last record")])
def test_another_record_s_value_everywhere_is_a_choice_among_all(kept: int, whose: str) -> None:
    guess = only(constant(four([FOUR[kept]] * 4)))
    said = f"{whose}'s value stands everywhere: it is not computed again"
    assert claims([guess]) == [("constant", said, 6.0, 8.0)]  # 4 bits and one of four
    assert guess.values == [FOUR[kept]] * 4
    assert guess.errors == [FOUR[kept] / 8] * 4


def test_the_first_of_several_records_that_agree_gives_the_value() -> None:
    assert only(constant(series([1.0, 2.0, 2.0], [2.0] * 3))).text.startswith("record 2's")
    assert only(constant(series([1.0, 2.0, 1.0], [1.0] * 3))).text.startswith("the first record's")


def test_any_value_everywhere_is_claimed_of_all_records_but_the_one_that_shows_it() -> None:
    guess = only(constant(bare(vectors([1.0, 2.0, 4.0]), [[7.0, 9.0]] * 3)))
    assert claims([guess]) == [("constant", "one value everywhere where the reference varies", 6.0, 8.0)]
    assert guess.values == [None, None, 7.0, 9.0, 7.0, 9.0]
    assert guess.errors is None


def test_a_record_gives_its_value_only_if_all_its_components_agree() -> None:
    assert only(constant(bare(vectors([1.0, 2.0, 4.0]), [[1.0, 9.0]] * 3))).values[:2] == [None, None]


@pytest.mark.parametrize(
    ("reference", "candidate", "said"),
    [
        ([1.0, 1.0, 1.0], [7.0, 7.0, 7.0], 0),  # the reference holds one value itself
        ([1.0, 1.0, 2.0], [7.0, 7.0, 7.0], 1),
        ([1.0, 2.0, 1.0], [7.0, 7.0, 7.0], 1),
        ([1.0, 2.0, 4.0], [7.0, 7.0, 8.0], 0),  # the candidate varies
        ([1.0, 2.0, 4.0], [8.0, 7.0, 7.0], 0),
    ],
)
def test_a_constant_is_one_where_the_reference_varies(
    reference: list[float], candidate: list[float], said: int
) -> None:
    assert len(claims(constant(series(reference, candidate)))) == said


def test_a_candidate_that_varies_in_one_component_is_no_constant() -> None:
    assert claims(constant(bare(vectors([1.0, 2.0, 4.0]), [[7.0, 7.0], [7.0, 8.0], [7.0, 7.0]]))) == []


def test_records_are_the_same_if_all_components_are() -> None:
    data = bare([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0], [2.0, 3.0]], [[0.0, 0.0]] * 4)
    first, again, half, other = data.rows
    assert row_same(first, again)
    assert not row_same(first, half) and not row_same(first, other)


def test_an_outer_loop_that_changes_nothing_repeats_the_first_block() -> None:
    """Of six records the first two may come three times, or the first three twice."""
    six = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    guesses = list(blocks(bare([[x] for x in six], [[99.0]] * 6, [[x / 8] for x in six])))
    assert claims(guesses) == [
        (
            "constant",
            f"the first {n} records stand again in place of the later ones: an outer loop changes nothing",
            3.0,
            8.0,
        )
        for n in (2, 3)
    ]
    assert [g.values for g in guesses] == [[1.0, 2.0] * 3, [1.0, 2.0, 4.0] * 2]
    assert [g.errors for g in guesses] == [[0.125, 0.25] * 3, [0.125, 0.25, 0.5] * 2]


@pytest.mark.parametrize(
    ("reference", "sizes"),
    [
        ([1.0, 2.0, 1.0, 2.0], []),  # the reference repeats itself
        ([1.0, 2.0, 1.0, 3.0], [2]),
        ([1.0, 2.0, 3.0, 2.0], [2]),
        ([1.0, 2.0, 4.0], []),
        ([1.0, 2.0, 4.0, 8.0, 16.0], []),
        ([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], [3]),
    ],
)
def test_blocks_of_which_sizes_are_tried(reference: list[float], sizes: list[int]) -> None:
    assert [int(g.text.split()[2]) for g in blocks(series(reference, [99.0] * len(reference)))] == sizes


@pytest.mark.parametrize(("odd", "said"), [(1, False), (2, True), (3, True)])
def test_where_fewer_than_half_of_what_would_be_kept_differ_nothing_stood_still(odd: int, said: bool) -> None:
    """A few odd values of a quantity that hardly varies: the side that does not vary is right."""
    reference = [1.5] + [2.5 + i for i in range(odd)] + [1.5] * (4 - odd)
    assert bool(claims(constant(series(reference, [1.5] * 5)))) is said
    pairs = [1.5, 2.5] + [3.5 + i for i in range(odd)] + [1.5, 2.5, 1.5, 2.5][odd:]
    assert ("the first 2" in str(claims(blocks(series(pairs, [1.5, 2.5] * 3))))) is said


def test_one_odd_value_of_a_constant_is_not_the_other_side_s_mistake() -> None:
    steady = [f"x{{phi={i}}} 1.2345678901234" for i in range(8)]
    odd = [*steady[:5], "x{phi=5} 2.7182818284590", *steady[6:]]
    for sides in ((steady, odd), (odd, steady)):
        both = Context.of(*(printed("; ".join(lines)) for lines in sides))
        assert explain(both.a.trace.find("x"), both.b.trace.find("x"), both) is None


def test_sums_instead_of_terms_and_terms_instead_of_sums() -> None:
    guesses = list(sums(four()))
    assert claims(guesses) == [
        ("running-sum", "every record holds the sum of all up to it", 5.0, 8.0),
        ("running-sum", "every record holds its own term where the reference sums up", 5.0, 8.0),
    ]
    assert [g.values for g in guesses] == [[1.0, 3.0, 7.0, 15.0], [1.0, 1.0, 2.0, 4.0]]
    assert guesses[0].errors == pytest.approx([0.125, 0.375, 0.875, 1.875], rel=1e-9)
    assert guesses[1].errors == [0.25, 0.5, 1.0, 2.0]


def test_a_sum_is_rounded_at_each_step() -> None:
    guess = next(sums(series([1e16, -3e16, 1e16], [0.0] * 3)))
    assert guess.errors == pytest.approx([1.0, 3.0, 4.0], rel=1e-12)


@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=9))
def test_the_terms_of_sums_are_what_was_summed(terms: list[int]) -> None:
    first = series([float(x) for x in terms], [0.0] * len(terms))
    held = [float(x or 0.0) for x in next(sums(first)).values]
    assert list(sums(series(held, held)))[1].values == terms


@pytest.mark.parametrize("rule", [sums, step_offset, spacing], ids=lambda r: r.__name__)
def test_only_a_number_is_summed_or_spaced(rule: Rule) -> None:
    rows = vectors([1.0, 2.0, 3.0])
    assert claims(rule(bare(rows, rows))) == []


def test_even_steps_may_be_off_by_one_or_by_half() -> None:
    guesses = list(step_offset(bare([[10.0], [14.0], [18.0]], [[0.0]] * 3, [[0.0], [0.25], [0.5]])))
    assert claims(guesses) == [
        ("off-by-one-step", "one step too far", 3.0, 8.0),
        ("off-by-one-step", "one step too early", 3.0, 8.0),
        ("half-step", "half a step too far: the middle of the step instead of its start", 3.0, 8.0),
        ("half-step", "half a step too early", 3.0, 8.0),
    ]
    assert [g.values for g in guesses] == [
        [14.0, 18.0, 22.0], [6.0, 10.0, 14.0], [12.0, 16.0, 20.0], [8.0, 12.0, 16.0],
    ]  # fmt: skip
    assert all(g.errors == [0.0, 0.75, 1.5] for g in guesses)


@pytest.mark.parametrize(
    ("reference", "known", "even"),
    [
        ([0.0, 1e9, 2e9 + 3.0], 0.25, True),  # 1 for the step, 2 for both ends
        ([0.0, 1e9, 2e9 - 3.0], 0.25, True),
        ([0.0, 1e9, 2e9 + 3.25], 0.25, False),
        ([0.0, 1e9, 2e9 - 3.25], 0.25, False),
        ([0.0, -1e9, -2e9 + 3.0], 0.25, True),
        ([0.0, 1e9, 2e9 + 1.0], 0.0, True),
        ([0.0, 1e9, 2e9 + 1.25], 0.0, False),
        ([1.0, 2.0, 4.0, 5.0], 0.0, False),  # uneven in the middle
        ([1.0, 2.0, 3.0, 5.0], 0.0, False),
        ([1.0, 1.0, 1.0], 0.0, False),  # no step
        ([1.0, 1.0, 1.0, 9.0], 2.0, False),
    ],
)
def test_steps_are_even_to_a_billionth_and_what_is_known_of_both_ends(
    reference: list[float], known: float, even: bool
) -> None:
    assert bool(claims(step_offset(series(reference, reference, known)))) is even


def test_a_range_is_divided_by_another_number_of_intervals() -> None:
    """Five values: four steps over the range where there were five, or the other way."""
    reference = [[10.0 + 4.0 * i] for i in range(5)]
    guesses = list(spacing(bare(reference, reference, [[0.25], [0.0], [0.0], [0.0], [0.5]])))
    assert claims(guesses) == [
        ("range-ends", "the last step lands on the end of the range: n - 1 intervals where n belong", 4.0, 8.0),
        ("range-ends", "the end of the range is left out: n intervals where n - 1 belong", 4.0, 8.0),
    ]
    assert guesses[0].values == pytest.approx([10.0, 15.0, 20.0, 25.0, 30.0])
    assert guesses[1].values == pytest.approx([10.0, 13.2, 16.4, 19.6, 22.8])
    assert all(g.errors == [1.5, 0.75, 0.75, 0.75, 2.25] for g in guesses)


def test_without_a_step_there_is_no_range() -> None:
    assert claims(spacing(series([3.0, 3.0, 4.0], [3.0, 3.0, 4.0]))) == []


def test_a_value_that_stands_in_every_record_of_a_long_series_is_a_choice_among_more() -> None:
    reference = [float(i * i) for i in range(16)]
    assert only(constant(series(reference, [49.0] * 16))).cost == 4.0 + math.log2(16)


def test_stale_values_show_their_side_where_what_comes_first_agrees() -> None:
    """Else one side's previous value is the other side's next one."""
    before, two = "every record holds the value of the one before", "every record holds the value of two records before"

    def said(candidate: list[float]) -> list[str]:
        return [guess.text.split(":")[0] for guess in behind(four(candidate))]

    assert said([1.0, 1.0, 2.0, 4.0]) == [before]
    assert said([1.0, 2.0, 1.0, 2.0]) == [before, two], "both begin as they should"
    assert said([0.5, 1.0, 2.0, 4.0]) == said([2.0, 4.0, 8.0, 8.0]) == []


def test_in_a_ring_of_turns_nothing_comes_first() -> None:
    ours = "; ".join(f"x{{phi={i},mosaic={k}}} {1 + 2.5 * i + 10.25 * k}" for i in range(3) for k in range(2))
    theirs = "; ".join(
        f"x{{phi={i},mosaic={k}}} {1 + 2.5 * max(i - 1, 0) + 10.25 * k}" for i in range(3) for k in range(2)
    )
    found = [guess.text.split(":")[0] for guess in behind(traced("x", ours, theirs))]
    assert "every record holds the value of the previous phi step" in found
    assert not any("ring" in text for text in found)
