"""Generated faults are named, random differences are not: over seeds, print formats, scalars, vectors and series."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import load
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.pattern import Context, explain
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_worlds import FAULTS, NOISE, WITH_WORLD, Values, World, false_alarms, planted, score


@pytest.mark.parametrize("name", [*FAULTS, *WITH_WORLD])
def test_a_planted_fault_is_named(name: str):
    wrong = score(name, range(6))
    assert len(wrong) <= 1, wrong


def test_random_differences_are_not_explained():
    """At least 98 % silence, and no confident word in 99 %."""
    wrong = false_alarms(range(30))
    assert len(wrong) <= 0.02 * 30 * len(NOISE), wrong
    assert sum(w[3].confidence >= 0.9 for w in wrong) <= 0.01 * 30 * len(NOISE), wrong


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(10_000, 2**32), name=st.sampled_from([*FAULTS, *WITH_WORLD]))
def test_whatever_is_said_is_right(seed: int, name: str):
    """Over all seeds: a planted fault is named rightly or not at all, never wrongly with confidence."""
    world = World(seed)
    quantity, series, kinds = planted(name, world)
    found = world.explain(quantity, series)
    assert found is None or found.kind in kinds or found.confidence < 0.9, found
    if found is not None:
        assert 0 < found.confidence <= 1
        assert found.evidence
        assert str(found) == found.text == found.as_dict()["text"]


def test_names_exchanged_on_both_sides():
    world = World(5)
    a = world.trace("%.17g")
    exchanged = World(5)
    exchanged.values["rot_a_angstroms"] = world.values["rot_b_angstroms"]
    exchanged.values["rot_b_angstroms"] = world.values["rot_a_angstroms"]
    b = exchanged.trace("%.17g", side="PY")
    for name in ("rot_a_angstroms", "rot_b_angstroms"):
        found = explain(a.find(name), b.find(name), Context.of(a, b, load()))
        assert found is not None
        assert found.kind == "swapped-names"


def test_a_vector_turned_the_other_way():
    world = World(8)
    angle, v = 0.3, world.values["rot_a_angstroms"][0]

    def turned(by: float) -> Values:
        c, s = math.cos(by), math.sin(by)
        return [v[0] * c - v[1] * s, v[0] * s + v[1] * c, v[2]]

    world.values["before"], world.values["after"] = [v], [turned(angle)]
    found = world.explain("after", [turned(-angle)])
    assert found is not None
    assert found.kind == "inverse-rotation"
    assert "about z (from before)" in found.text
    unturned = world.explain("after", [v])
    assert unturned is not None
    assert unturned.kind == "other-quantity"


def test_cells_are_recognised_by_name():
    world = World(3)
    world.values |= {"Na": [[5.0]], "Nb": [[7.0]], "Nc": [[11.0]]}
    a = world.trace("%.17g")
    for factor, text in ((5.0, "Na = 5"), (385.0, "Na·Nb·Nc = 385"), (1 / 49, "1/")):
        b = world.trace("%.17g", "F_latt", [[x[0] * factor] for x in world.values["F_latt"]], "PY")
        context = Context.of(a, b, load())
        for view in (context.a, context.b):
            view.parameters.update({"Na": 5.0, "Nb": 7.0, "Nc": 11.0})
        found = explain(a.find("F_latt"), b.find("F_latt"), context)
        assert found is not None
        assert found.kind == "cells"
        assert text in found.text


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [("4", "9"), ("1", "4"), ("100", "200"), ("3", "3"), ("0", "1e-12"), ("2.5", "-7.5"), ("1", "2"), ("10", "20")],
)
def test_one_short_number_is_too_thin(reference: str, candidate: str):
    """A nice ratio of two short numbers may be anything."""
    records = [Record("x", (float(t),), (t,), prefix="T") for t in (reference, candidate)]
    traces = [Trace((r,)) for r in records]
    assert explain(records[:1], records[1:], Context.of(*traces)) is None


def test_nothing_is_said_of_what_is_equal_one_sided_or_no_number():
    a, b = Record("x", (1.5,), ("1.5",)), Record("x", (1.5,), ("1.5",))
    word, other = Record("x", ("MOSFLM",), ("MOSFLM",)), Record("x", ("XDS",), ("XDS",))
    long = Record("x", (1.5, 2.5), ("1.5", "2.5"), (2,))
    for pair in ([a, b], [word, other], [a, long], [a, word]):
        context = Context.of(Trace((pair[0],)), Trace((pair[1],)))
        assert explain(pair[:1], pair[1:], context) is None
        assert explain([], pair[1:], context) is None
        assert explain(pair[:1], [], context) is None


def test_a_fault_in_some_records_says_where():
    world = World(4)
    series = [[x * (2 * math.pi if i in (2, 5) else 1) for x in v] for i, v in enumerate(world.values["hkl_frac"])]
    found = world.explain("hkl_frac", series)
    assert found is not None
    assert found.kind == "two-pi"
    assert "in 2 of 7 records" in found.text


def test_records_are_paired_by_scope_where_one_side_has_more():
    world = World(6)
    a = world.trace("%.17g")
    b = world.trace("%.17g", "F_latt", [[-v[0]] for v in world.values["F_latt"]][2:], "PY")
    candidate = [replace(r, scope=(("phi_tic", str(i + 2)),)) for i, r in enumerate(b.find("F_latt"))]
    found = explain(a.find("F_latt"), candidate, Context.of(a, Trace(tuple(candidate))))
    assert found is not None
    assert found.kind == "sign"


def test_an_explanation_that_fits_as_well_is_named():
    """obliquity and cos(2 theta) are equal on a flat detector: which one is missing cannot be told."""
    world = World(9)
    world.values["cos_2theta"] = world.values["obliquity_factor"]
    series = [[world.values["I_pixel_final"][0][0] / world.values["cos_2theta"][0][0]]]
    found = world.explain("I_pixel_final", series)
    assert found is not None
    assert found.kind == "missing-factor"
    assert any("cos_2theta" in text or "obliquity" in text for text in found.also)


ODD = st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308, -1e-300, 0.5, 3.0])


@settings(max_examples=150, deadline=None)
@given(width=st.sampled_from([1, 2, 3, 4, 9]), rows=st.integers(1, 5), data=st.data())
def test_no_values_break_it(width: int, rows: int, data: st.DataObject):
    """NaN, infinities, zeros and the largest numbers on either side: an answer or None, never an exception."""
    number = st.one_of(ODD, st.floats())
    traces: list[Trace] = []
    for _ in range(2):
        values = data.draw(st.lists(st.lists(number, min_size=width, max_size=width), min_size=rows, max_size=rows))
        records = [
            Record("x", tuple(v), tuple(f"{x:.17g}" for x in v), () if width == 1 else (width,), (("i", str(i)),))
            for i, v in enumerate(values)
        ]
        traces.append(Trace(tuple(records)))
    a, b = traces
    found = explain(a.records, b.records, Context.of(a, b))
    assert found is None or 0 < found.confidence <= 1


def test_every_kind_is_explained_in_the_docs():
    text = (Path(__file__).parents[1] / "docs" / "patterns.md").read_text(encoding="utf-8")
    kinds = {kind for _, _, said in [*FAULTS.values(), *WITH_WORLD.values()] for kind in said.split()}
    assert len(kinds) >= 50
    assert not [kind for kind in sorted(kinds) if f"`{kind}`" not in text]
