"""Grafts as points: every smallest set that heals, and nothing idle in any of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from firstbad.bisect.axes.grafts import GraftAxis, healing_sets
from firstbad.bisect.verdict import Kind
from firstbad.tracer.errors import FirstbadError
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = [f"q{i}" for i in range(12)]


@given(weights=st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 10), max_size=6))
def test_independent_faults_are_found_exactly(weights: dict[str, float]):
    """Errors that add up: the one set is exactly the faults, in few runs."""
    found = healing_sets(NAMES, lambda grafts: sum(w for q, w in weights.items() if q not in grafts), 1.0)
    assert [set(s) for s in found.sets] == ([set(weights)] if weights else [])
    assert found.after == (0 if weights else found.before)
    assert found.runs <= 2 + len(NAMES) + 4 * len(weights) + 3
    if weights:
        worst = max(weights, key=lambda q: weights[q])
        assert weights[found.quantities[0]] == weights[worst]
        assert found.alone[worst] == pytest.approx(weights[worst] / sum(weights.values()))


def test_quantities_that_heal_only_together():
    """A product of three of which two are wrong; each graft alone leaves it wrong, one even more."""
    reference = {"F_cell": 100.0, "F_latt": 5.0, "omega": 2.0}
    candidate = {"F_cell": 90.0, "F_latt": 5.0, "omega": 2.5}

    def run(grafted: frozenset[str]) -> float:
        product = math.prod(reference[q] if q in grafted else v for q, v in candidate.items())
        return abs(product / math.prod(reference.values()) - 1)

    found = healing_sets(tuple(candidate), run, 1 - 1e-9)
    assert found.sets == (("omega", "F_cell"),)
    assert "only F_cell, omega is good: 100 % healed" in found.evidence
    assert found.alone["F_latt"] == 0.0 and found.alone["F_cell"] < 0 < found.alone["omega"] < 1


@settings(deadline=None)
@given(sets=st.lists(st.sets(st.sampled_from(NAMES[:6]), min_size=1, max_size=3), min_size=1, max_size=3),
       seed=st.integers(0, 99))  # fmt: skip
def test_every_smallest_set_is_named_and_none_holds_an_idle_quantity(sets: list[set[str]], seed: int):
    """Any of several sets heals; what a single one heals is random and says nothing."""
    rng = np.random.default_rng(seed)
    partly = {q: float(rng.uniform(-0.1, 0.1)) for q in NAMES}

    def run(grafts: frozenset[str]) -> float:
        return 0.0 if any(s <= grafts for s in sets) else 2 - sum(partly[q] for q in grafts)

    found = healing_sets(NAMES, run)
    smallest = {frozenset(s) for s in sets if not any(t < s for t in sets)}
    assert {frozenset(s) for s in found.sets} == smallest
    assert [len(s) for s in found.sets] == sorted(len(s) for s in found.sets)


def test_what_no_graft_heals_is_said():
    found = healing_sets(NAMES, lambda grafts: 5.0 - 0.1 * len(grafts))
    assert (found.sets, found.healed, found.runs) == ((), 0, 2)
    assert found.before == found.after == 5
    assert found.evidence == ("24 % healed",)
    assert healing_sets([], lambda _: 1.0).sets == ()
    assert healing_sets(NAMES, lambda _: 0.0).runs == 1


def test_a_run_without_a_number_or_with_a_known_error_is_no_verdict():
    def run(grafted: frozenset[str]) -> float:
        if len(grafted) == 2:
            raise FirstbadError("no such tap", remedy="Name another", slug="graft-unknown")
        return math.nan if grafted else 1.0

    axis = GraftAxis(["a", "b"], run)
    assert axis.probe(frozenset(["a"])).kind is Kind.NO_DATA
    assert axis.probe(frozenset(["a", "b"])).kind is Kind.CANNOT_RUN
