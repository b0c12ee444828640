"""Shrinking a command line: pure, so any thing that persists can be made up."""

from __future__ import annotations

from collections.abc import Callable

from firstbad.bisect.search.shrink import Line, Reply, Shrinking
from hypothesis import given
from hypothesis import strategies as st

words = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["6.2", "P1.hkl", "1e30", "-3.5"]))
options = st.tuples(st.sampled_from(["-a", "-b", "--size", "-lambda"]), st.lists(words, max_size=3)).map(
    lambda o: (o[0], *o[1])
)
lines = st.lists(options, max_size=6).map(tuple)


def shrunk(line: Line, judge: Callable[[Line], Reply]) -> tuple[Line, list[Line]]:
    """The simplest line, and all that were asked."""
    search, asked = Shrinking(line), list[Line]()
    proposals = search.proposals()
    proposal = next(proposals, None)
    while proposal is not None:
        asked.append(proposal)
        try:
            proposal = proposals.send(judge(proposal))
        except StopIteration:
            proposal = None
    return search.line, asked


def taken(persists: Callable[[Line], bool]) -> Callable[[Line], Reply]:
    return lambda line: Reply.TAKEN if persists(line) else Reply.LOST


@given(lines)
def test_what_persists_everywhere_needs_no_option(line: Line) -> None:
    assert shrunk(line, taken(lambda _: True))[0] == ()


@given(lines)
def test_what_persists_nowhere_leaves_the_line_and_nothing_is_asked_twice(line: Line) -> None:
    left, asked = shrunk(line, taken(lambda _: False))
    assert left == line
    assert len(asked) == len(set(asked))
    assert line not in asked


@given(lines, st.data())
def test_what_needs_some_options_keeps_just_these(line: Line, data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.sampled_from([o[0] for o in line]))) if line else set[str]()
    left, _ = shrunk(line, taken(lambda found: needed <= {o[0] for o in found}))
    assert sorted(o[0] for o in left) == sorted(needed)


@given(st.integers(2, 5000), st.integers(1, 5000))
def test_a_number_becomes_the_smallest_power_of_two_that_will_do(number: int, least: int) -> None:
    line = (("-detpixels", str(number)),)
    left, _ = shrunk(line, taken(lambda found: bool(found) and int(found[0][1]) >= least))
    powers = [2**p for p in range(13) if least <= 2**p < number]
    assert left == (("-detpixels", str(powers[0] if powers else number)),)


def test_a_number_that_costs_nothing_is_asked_about_once() -> None:
    line = (("-cell", "70", "80", "90.5"), ("-detpixels", "64"))

    def judge(found: Line) -> Reply:
        if len(found) < 2:
            return Reply.LOST
        return Reply.TAKEN if int(found[1][1]) < 64 and found[0] == line[0] else Reply.NO_CHEAPER

    left, asked = shrunk(line, judge)
    assert left == (("-cell", "70", "80", "90.5"), ("-detpixels", "1"))
    assert [a[0][1:3] for a in asked if len(a) == 2] == [("70", "1"), ("1", "80"), ("70", "80")]


def test_the_value_behind_an_equals_sign_is_a_number_too() -> None:
    left, _ = shrunk((("--size=100",), ("5",)), taken(lambda found: len(found) == 2 and found[0][0] != "--size=1"))
    assert left == (("--size=2",), ("1",))


@given(lines, st.randoms(use_true_random=False))
def test_whatever_is_answered_it_ends_with_a_line_that_was_taken(line: Line, chance) -> None:
    given_up: list[Line] = [line]

    def judge(found: Line) -> Reply:
        reply = chance.choice(list(Reply))
        if reply is Reply.TAKEN:
            given_up.append(found)
        return reply

    left, _ = shrunk(line, judge)
    assert left == given_up[-1]
