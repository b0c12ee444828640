"""Grafts of programs that go round: the intensity is what the last step gives, and a step comes from the one before."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from firstbad.bisect.axes.grafts import heal
from firstbad.tracer.catalogue import load
from firstbad.tracer.graft_formulas import Formulas
from firstbad.tracer.graft_steps import groups, steps_of
from small_traces import catalogue, trace

GROWING = """
[k]
kind = "input"
[x]
parents = ["k"]
formula = "at(x, index(x)-1)*k"
final = true
"""

OSCILLATOR = """
[dt]
kind = "input"
[stiffness]
kind = "input"
[accel]
parents = ["stiffness"]
beside = ["position"]
formula = "-stiffness*at(position, index(accel))"
[velocity]
parents = ["accel", "dt"]
formula = "at(velocity, index(velocity)-1) + dt*accel"
[position]
parents = ["velocity", "dt"]
formula = "at(position, index(position)-1) + dt*at(velocity, index(position)-1)"
final = true
"""
"""That of docs/catalogue.md."""


def oscillator(**faults: float) -> str:
    """Its trace; a fault is a factor, of what is computed in the third step only."""
    dt, stiffness = 0.1 * faults.get("dt", 1), 4 * faults.get("stiffness", 1)
    position, velocity = 1.0, 0.0
    said = [f"dt {dt!r}; stiffness {stiffness!r}; position {position!r}"]
    for step in range(8):
        now = faults if step == 2 else dict[str, float]()
        accel = -stiffness * position * now.get("accel", 1)
        velocity = (velocity + dt * accel) * now.get("velocity", 1)
        position = (position + dt * velocity) * now.get("position", 1)
        said.append(f"accel {accel!r}; velocity {velocity!r}; position {position!r}")
    return "; ".join(said)


def error(**faults: float) -> float:
    """By how much the last position is off."""
    ends = [float(text.rsplit(" ", 1)[1]) for text in (oscillator(**faults), oscillator())]
    return abs(ends[0] - ends[1])


def grafts(known: str, candidate: str, reference: str) -> Formulas:
    return Formulas.of([(trace(reference), trace(candidate))], catalogue(known))


def test_the_last_record_of_a_loop_is_the_intensity():
    found = grafts(GROWING, "k 0.9; x 2.5; x 2.25; x 2.2275", "k 0.9; x 2.5; x 2.25; x 2.025")
    assert found.error(frozenset()) == pytest.approx(0.2025)
    assert [(o.name, o.healed) for o in heal(found, catalogue(GROWING)).origins] == [("x", 1)]


def test_a_step_on_the_way_that_is_made_good_is_no_error():
    found = grafts(GROWING, "k 0.9; x 2.5; x 7; x 2.025", "k 0.9; x 2.5; x 2.25; x 2.025")
    assert found.error(frozenset()) == 0


def test_where_one_side_took_more_steps_the_results_are_compared_all_the_same():
    found = grafts(GROWING, "k 0.9; x 2.5; x 2.25; x 2.025", "k 0.9; x 2.5; x 2.25")
    assert found.error(frozenset()) == pytest.approx(0.225)


@pytest.mark.parametrize("name", ["dt", "stiffness", "accel", "velocity", "position"])
def test_a_fault_of_one_step_is_named_alone_and_heals_all(name: str):
    """All later steps differ in all that is computed; they come from the step that is at fault."""
    fault = {name: 1.1}
    found = heal(grafts(OSCILLATOR, oscillator(**fault), oscillator()), catalogue(OSCILLATOR))
    assert found.before == pytest.approx(error(**fault))
    assert [(o.name, o.healed) for o in found.origins] == [(name, pytest.approx(1))]


@pytest.mark.parametrize(("first", "second"), [("stiffness", "velocity"), ("dt", "accel"), ("accel", "velocity")])
def test_two_faults_are_named_and_nothing_that_comes_from_them(first: str, second: str):
    both = {first: 1.05, second: 0.9}
    found = heal(grafts(OSCILLATOR, oscillator(**both), oscillator()), catalogue(OSCILLATOR))
    assert {o.name for o in found.origins} == {first, second}
    assert found.healed == pytest.approx(1)


@pytest.mark.parametrize(("first", "second"), [("stiffness", "velocity"), ("dt", "accel")])
def test_the_share_of_an_input_is_what_its_repair_heals(first: str, second: str):
    """What comes behind it is computed again, step by step, all round."""
    found = grafts(OSCILLATOR, oscillator(**{first: 1.05, second: 0.9}), oscillator())
    assert found.error(frozenset([first])) == pytest.approx(error(**{second: 0.9}))


def test_what_goes_round_in_time_is_carried_on_together():
    known = catalogue(OSCILLATOR)
    assert groups(known) == [("dt",), ("stiffness",), ("accel", "velocity", "position")]
    assert steps_of(known.quantities["accel"], groups(known)[-1]) == {"position"}
    assert steps_of(known.quantities["velocity"], ("velocity",)) == {"velocity"}


def test_nothing_of_nanobragg_goes_round():
    known = load()
    assert groups(known) == [(name,) for name in known.order]
    assert not any(steps_of(quantity, (quantity.name,)) for quantity in known)


def test_the_image_of_a_store_holds_the_last_value_of_each_pixel(tmp_path: Path):
    """One pixel took two steps of three, and of one nothing was traced; what was computed as NaN is a result."""
    pytest.importorskip("zarr")
    from firstbad.tracer.store import MISSING, Column, open_store
    from firstbad.tracer.store_judge import final_image
    from firstbad.tracer.store_writer import StoreWriter

    rows = [[1, 2, 3], [4, 5, MISSING], [MISSING] * 3, [6, 7, math.nan]]
    with StoreWriter(tmp_path / "a", (2, 3), [Column("x", 1, 3)], np.array([[0, 0], [0, 1], [1, 0], [1, 2]])) as writer:
        writer.append({"x": np.array(rows)[:, :, None]})
    image = final_image(open_store(tmp_path / "a"), catalogue(GROWING))
    assert image is not None
    np.testing.assert_array_equal(image, [[3, 5, math.nan], [math.nan, math.nan, math.nan]])
