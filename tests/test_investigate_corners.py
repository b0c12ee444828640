"""Which axis the four corners leave: every combination has a reason, and nothing is searched that cannot explain it."""

from __future__ import annotations

from itertools import product

import pytest
from firstbad.bisect.ends import Axis, Corners, choose
from firstbad.bisect.verdict import Kind, Verdict

G, B = Verdict(Kind.GOOD), Verdict(Kind.BAD)
STUCK = Verdict(Kind.TIMEOUT, "it never ended")


@pytest.mark.parametrize(
    ("good_here", "good_empty", "bad_here", "bad_empty", "axis"),
    [
        (G, G, B, B, Axis.COMMITS),
        (B, G, B, G, Axis.AMBIENT),
        (G, G, B, G, Axis.COMMITS_HERE),
        (B, G, B, B, Axis.BOTH),
        (B, B, B, B, Axis.NONE),
        (G, G, G, G, Axis.NONE),
    ],
)
def test_the_table_of_the_page(good_here, good_empty, bad_here, bad_empty, axis):
    assert choose(Corners(bad_here, bad_empty, good_here, good_empty)).axis is axis


@pytest.mark.parametrize("empty", [(STUCK, STUCK), (STUCK, B), (G, STUCK)])
def test_programs_that_need_their_directory_are_searched_in_it(empty):
    choice = choose(Corners(B, empty[1], G, empty[0]))
    assert choice.axis is Axis.COMMITS_HERE
    assert "cannot be judged" in choice.why


def test_a_place_that_could_not_be_judged_is_not_called_bad():
    for stuck in (Corners(B, STUCK), Corners(B, STUCK, B, STUCK)):
        choice = choose(stuck)
        assert choice.axis is Axis.NONE
        assert "it never ended" in choice.why and "needs = [...]" in choice.why


def test_the_environment_is_left_where_only_a_bare_one_is_good():
    assert choose(Corners(B, B, B, B, bare=G)).axis is Axis.ENVIRONMENT
    assert choose(Corners(B, B, bare=G)).axis is Axis.ENVIRONMENT


def test_without_history_the_directory_is_left():
    assert choose(Corners(B, G)).axis is Axis.AMBIENT
    assert choose(Corners(B, B, bare=B)).axis is Axis.NONE


@pytest.mark.parametrize("verdicts", list(product([G, B, STUCK], repeat=4)))
def test_commits_are_searched_only_between_a_good_and_a_bad_end(verdicts):
    bad_here, bad_empty, good_here, good_empty = verdicts
    choice = choose(Corners(bad_here, bad_empty, good_here, good_empty))
    assert choice.why
    if choice.axis in (Axis.COMMITS, Axis.BOTH):
        assert (good_empty, bad_empty) == (G, B)
    if choice.axis is Axis.COMMITS_HERE:
        assert (good_here, bad_here) == (G, B)
    if choice.axis is Axis.AMBIENT:
        assert (bad_empty, bad_here) == (G, B)
