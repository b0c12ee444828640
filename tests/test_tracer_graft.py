"""How much heals, and the smallest set that heals: exact for independent faults, 1-minimal for any others."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer.graft import healed_fraction, image_error, minimal_healing_set
from hypothesis import given
from hypothesis import strategies as st

NAMES = [f"q{i}" for i in range(12)]


def test_the_share_that_heals():
    r = np.array([[1.0, 2.0], [3.0, 4.0]])
    c = r + np.array([[1.0, 0.0], [0.0, 3.0]])
    assert image_error(r, c) == 4
    assert healed_fraction(r, c, r) == 1
    assert healed_fraction(r, c, c) == 0
    assert healed_fraction(r, c, r + np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.75
    assert healed_fraction(r, c, r + 2) == -1
    assert healed_fraction(r, r, r) == 1
    assert healed_fraction(r, r, c) == -np.inf


def test_a_pixel_that_is_no_number_counts_as_wrong_altogether():
    r = np.array([[1.0, 2.0], [3.0, np.nan]])
    c = np.array([[np.nan, 2.5], [np.inf, np.nan]])
    assert image_error(r, c) == 0.5 + 2 * 3
    assert healed_fraction(r, c, np.array([[1.0, 2.5], [3.0, np.nan]])) == pytest.approx(1 - 0.5 / 6.5)


@given(weights=st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 10), max_size=6))
def test_independent_faults_are_found_exactly(weights: dict[str, float]):
    """Errors that add up: the set is exactly the faults, in few runs."""
    found = minimal_healing_set(NAMES, lambda grafts: sum(w for q, w in weights.items() if q not in grafts), 1.0)
    assert set(found.quantities) == set(weights)
    assert found.after == (0 if weights else found.before)
    assert found.runs <= 2 + len(NAMES) + 3 * len(weights) + 3
    if weights:
        worst = max(weights, key=lambda q: weights[q])
        assert found.quantities[0] == worst or weights[found.quantities[0]] == weights[worst]
        assert found.alone[worst] == pytest.approx(weights[worst] / sum(weights.values()))


@given(needed=st.sets(st.sampled_from(NAMES), min_size=2, max_size=5))
def test_faults_that_heal_only_together(needed: set[str]):
    found = minimal_healing_set(NAMES, lambda grafts: 0.0 if needed <= grafts else 1.0)
    assert set(found.quantities) == needed
    assert found.healed == 1


@given(sets=st.lists(st.sets(st.sampled_from(NAMES[:6]), min_size=1), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_no_quantity_of_the_answer_can_be_left_out(sets: list[set[str]], seed: int):
    """Any of several sets heals; what half heals is random: the answer heals, and nothing in it is idle."""
    rng = np.random.default_rng(seed)
    partly = {q: float(rng.uniform(0, 0.2)) for q in NAMES}

    def run(grafts: frozenset[str]) -> float:
        return 0.0 if any(s <= grafts for s in sets) else 2 - sum(partly[q] for q in grafts)

    found = minimal_healing_set(NAMES, run)
    assert run(frozenset(found.quantities)) == 0
    assert all(run(frozenset(found.quantities) - {q}) > 0 for q in found.quantities)
    assert len(found.quantities) == len(set(found.quantities))


def test_what_no_graft_heals_is_said():
    found = minimal_healing_set(NAMES, lambda grafts: 5.0 - 0.1 * len(grafts))
    assert found.quantities == ()
    assert found.healed == 0
    assert found.before == found.after == 5
    assert found.runs == 2
    assert minimal_healing_set([], lambda _: 1.0).quantities == ()
    assert minimal_healing_set(NAMES, lambda _: 0.0).runs == 1
