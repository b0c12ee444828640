"""What a value comes from besides its parents: the step before, records that one side lacks, the mode that holds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from firstbad.tracer.diff import Diff, Side
from firstbad.tracer.reads import read_beside
from firstbad.tracer.tolerance import Verdict
from small_traces import catalogue, diff, one, pair, roles, told

# ---- steps in time -------------------------------------------------------------------------------------------

SPRING_TEXT = """
[dt]
kind = "input"
[k]
kind = "input"
[force]
parents = ["k"]
beside = ["position"]
formula = "-k*at(position, index(force))"
[velocity]
parents = ["force", "dt"]
formula = "at(velocity, index(velocity)-1) + dt*force"
[position]
parents = ["velocity", "dt"]
formula = "at(position, index(position)-1) + dt*at(velocity, index(position))"
final = true
"""
SPRING = catalogue(SPRING_TEXT)
Fault = Callable[[str, int, float], float]


def run(fault: Fault = lambda name, step, value: value, steps: int = 6, start: float = 1.0) -> str:
    """A spring that is let go, step by step; `fault` may make of each value another one."""
    dt, k, position, velocity = 0.1, 4.0, start, 0.0
    lines = [f"dt {dt!r}", f"k {k!r}", f"position {position!r}", f"velocity {velocity!r}"]
    for step in range(steps):
        force = fault("force", step, -k * position)
        velocity = fault("velocity", step, velocity + dt * force)
        position = fault("position", step, position + dt * velocity)
        lines += [f"force {force!r}", f"velocity {velocity!r}", f"position {position!r}"]
    return "; ".join(lines)


def at(where: str, when: int, factor: float) -> Fault:
    return lambda name, step, value: value * factor if (name, step) == (where, when) else value


def seen(found: Diff, name: str) -> list[Verdict]:
    return [judged.verdict for judged in found.judged if judged.quantity == name]


@pytest.mark.parametrize("where", ["force", "velocity", "position"])
def test_all_steps_behind_a_fault_differ_and_the_faulty_quantity_alone_is_the_origin(where: str) -> None:
    found = diff(SPRING, run(), run(at(where, 2, 1.001)))
    assert [f.quantity for f in found.origins] == [where] and found.origins[0].side is Side.CANDIDATE
    assert set(told(found).values()) == {"origin", "inherited"}
    assert seen(found, "force")[3:] == [Verdict.DIFFERENT] * 3, "they follow from what differs: not ill-conditioned"


@pytest.mark.parametrize("where", ["velocity", "position"])
def test_nan_is_carried_from_step_to_step(where: str) -> None:
    found = diff(SPRING, run(), run(at(where, 2, math.nan)))
    assert [f.quantity for f in found.origins] == [where]
    assert one(found.inherited, "force").because == ("position",)


ONE_WAY = 'formula = "at(position, index(position)-1) + dt*at(velocity, index(position))"'
OR_ANOTHER = catalogue(SPRING_TEXT.replace(ONE_WAY, f"{ONE_WAY.replace('= ', '= [')}, 'at(velocity, 99)']"))


@pytest.mark.parametrize("still", ["velocity 0.0; ", ""])
def test_where_a_loop_begins_nothing_behind_it_is_its_reason(still: str) -> None:
    """Also where the velocity is not told before the first step, so that the first one told stands behind."""
    a, b = (run(start=start).replace("velocity 0.0; ", still) for start in (1.0, 1.25))
    for known in (SPRING, OR_ANOTHER):
        assert told(diff(known, a, b)) == {"position": "origin", "force": "inherited", "velocity": "inherited"}


def test_a_sum_that_is_printed_before_what_it_adds_comes_from_it_from_the_first_step_on() -> None:
    """x does not come from s: here nothing goes round."""
    known = catalogue("[x]\nkind = 'input'\n[s]\nparents = ['x']\nformula = ['x + at(s, index(s) - 1)']")
    found = diff(known, "s 1; x 1; s 3; x 2; s 6; x 3", "s 1.5; x 1.5; s 3.5; x 2; s 6.5; x 3")
    assert told(found) == {"x": "origin", "s": "inherited"}


def test_a_second_fault_behind_the_first_is_an_origin_of_its_own() -> None:
    def two(name: str, step: int, value: float) -> float:
        return at("force", 4, 1.01)(name, step, at("position", 1, 1.001)(name, step, value))

    found = diff(SPRING, run(), run(two))
    assert {f.quantity: f.side for f in found.origins} == dict.fromkeys(("force", "position"), Side.CANDIDATE)


def test_a_sum_that_goes_on_differs_for_what_was_added_and_not_for_itself() -> None:
    """x differs in the first step alone; in the others the sum follows from the step before it."""
    known = catalogue("""
    [x]
    kind = "input"
    [s]
    parents = ["x"]
    formula = "x + at(s, index(s) - 1)"
    """)
    found = diff(known, "s 0; x 1; s 1; x 2; s 3; x 3; s 6", "s 0; x 9; s 9; x 2; s 11; x 3; s 14")
    assert told(found) == {"x": "origin", "s": "inherited"}
    assert one(found.inherited, "s").because == ("x",)


def test_what_differs_by_rounding_step_by_step_is_still_no_origin() -> None:
    found = diff(SPRING, run(steps=40), run(lambda name, step, value: value * (1 + 2.0**-52), steps=40))
    assert told(found) == {}


@pytest.mark.parametrize(
    ("name", "beside", "which"), [("force", "position", 3), ("velocity", "velocity", 2), ("position", "position", 2)]
)
def test_beside_its_parents_a_value_reads_the_step_before(name: str, beside: str, which: int) -> None:
    """Not force and dt, or velocity and dt: these are its parents, which are looked at anyway."""
    case = roles(SPRING, run(), run(at("force", 2, 1.001)))
    (read,) = read_beside(case, pair(case, name, 3))
    assert read is pair(case, beside, which), "the first position and velocity stand in front of the steps"


def test_two_quantities_that_are_checked_by_each_other_do_not_excuse_each_other() -> None:
    known = catalogue("""
    [r]
    parents = ["u"]
    beside = ["q"]
    formula = "1/q"
    [q]
    parents = ["u"]
    beside = ["r"]
    formula = "1/r"
    [u]
    kind = "input"
    """)
    found = diff(known, "u 1; r 2; q 0.5", "u 1; r 4; q 0.25")
    assert told(found) == {"r": "origin", "q": "inherited"}, "r stands first"


# ---- records that one side lacks -----------------------------------------------------------------------------

SUM = catalogue("""
[s]
kind = "input"
[x]
parents = ["s"]
formula = "s + 1"
[y]
parents = ["x"]
formula = "total(x*x)"
final = true
""")
THREE, FOUR = "s 1; x 2; s 2; x 3; s 3; x 4; y 29", "s 1; x 2; s 2; x 3; s 3; x 4; s 4; x 5; y 54"


@pytest.mark.parametrize(("a", "b"), [(THREE, FOUR), (FOUR, THREE)])
def test_a_sum_over_more_records_is_inherited_from_those_that_one_side_lacks(a: str, b: str) -> None:
    found = diff(SUM, a, b)
    assert told(found) == {"y": "inherited"} and not found.agree
    assert (found.inherited[0].because, found.inherited[0].why) == (("x",), "one side has more records of x")


def test_a_sum_that_does_not_even_follow_from_its_own_records_is_an_origin() -> None:
    found = diff(SUM, THREE, FOUR.replace("54", "55"))
    assert told(found) == {"y": "origin"} and found.origins[0].side is Side.CANDIDATE
    assert pair(found, "y").verdict is Verdict.DIFFERENT


# ---- the mode that holds -------------------------------------------------------------------------------------

MODE = """
[mode]
kind = "config"
[p]
kind = "input"
[x]
kind = "input"
[y]
parents = ["mode", "p", "x"]
"""
MODES = catalogue(MODE + 'formula = [{ is = "2*x", when = "mode == 0" }, { is = "2*x*p", when = "mode == 1" }]')


@pytest.mark.parametrize(("mode", "because", "a", "b"), [(0, ("x",), 2, 4), (1, ("x", "p"), 6, 20)])
def test_only_parents_that_the_formula_in_force_reads_are_a_reason(
    mode: int, because: tuple[str, ...], a: int, b: int
) -> None:
    found = diff(MODES, f"mode {mode}; p 3; x 1; y {a}", f"mode {mode}; p 5; x 2; y {b}")
    assert sorted(one(found.inherited, "y").because) == sorted(because)


def test_a_parent_that_the_formula_does_not_read_is_a_reason_where_there_is_no_other() -> None:
    """x is printed with so few digits that both values of y follow from it: what is known to differ is p."""
    known = catalogue(
        MODE + 'formula = [{ is = "1/(x - 0.9)", when = "mode == 0" }, { is = "p/x", when = "mode == 1" }]'
    )
    found = diff(known, "mode 0; p 3; x 1.00; y 10.0123", "mode 0; p 5; x 1.00; y 10.2345")
    assert one(found.inherited, "y").because == ("p",)
