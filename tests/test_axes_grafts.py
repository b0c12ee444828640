"""Grafts as points: from the inputs down every origin is named, also those behind others, and what its repair heals is foretold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from firstbad.bisect.axes.grafts import heal, together
from firstbad.tracer.catalogue import Catalogue, Quantity
from hypothesis import given, settings
from hypothesis import strategies as st


@dataclass
class Linear:
    """A program whose quantities are sums of their parents and 1; a fault adds to one of them. The last is the intensity."""

    parents: dict[str, tuple[str, ...]]
    faults: dict[str, int]
    impossible: dict[str, str] = field(default_factory=dict[str, str])
    computed: int = 0

    @property
    def catalogue(self) -> Catalogue:
        last = list(self.parents)[-1]
        return Catalogue({n: Quantity(n, parents=p, final=n == last) for n, p in self.parents.items()})

    def values(self, faults: dict[str, int], grafted: Sequence[str] = ()) -> dict[str, int]:
        clean = self.values({}) if grafted else {}
        found: dict[str, int] = {}
        for name, parents in self.parents.items():
            own = 1 + sum(found[p] for p in parents) + faults.get(name, 0)
            found[name] = clean[name] if name in grafted else own
        return found

    def error(self, names: frozenset[str]) -> float:
        self.computed += 1
        return self.off(self.faults, tuple(names))

    def off(self, faults: dict[str, int], grafted: Sequence[str] = ()) -> float:
        last = list(self.parents)[-1]
        return float(abs(self.values(faults, grafted)[last] - self.values({})[last]))

    def origins(self, names: frozenset[str], without: frozenset[str]) -> list[str]:
        got, clean = self.values(self.faults, tuple(names)), self.values({})
        differing = {n for n in got if got[n] != clean[n] and n not in without}
        return [n for n in got if n in differing and not differing & self.present(n, without)]

    def present(self, name: str, without: frozenset[str]) -> set[str]:
        """The nearest parents that are looked at."""
        found = set[str]()
        for parent in self.parents[name]:
            found |= self.present(parent, without) if parent in without else {parent}
        return found

    def obstacle(self, name: str) -> str:
        return self.impossible.get(name, "")

    def unsure(self, names: frozenset[str]) -> tuple[str, ...]:
        return ()


@st.composite
def programs(draw: st.DrawFn) -> Linear:
    """Any graph of up to nine quantities, any of them faulty; faults have one sign, so that none hides another."""
    names = [f"q{i}" for i in range(draw(st.integers(1, 9)))]
    parents = {n: tuple(draw(st.sets(st.sampled_from(names[:i]))) if i else ()) for i, n in enumerate(names)}
    return Linear(parents, draw(st.dictionaries(st.sampled_from(names), st.integers(1, 9))))


@settings(deadline=None)
@given(programs())
def test_every_fault_is_named_and_nothing_else_also_behind_others(program: Linear):
    found = heal(program, program.catalogue)
    last = list(program.parents)[-1]
    leading = program.catalogue.ancestors(last) | {last}
    if not leading & set(program.faults):
        assert (found.origins, found.healed, found.before) == ((), 1, 0)
        return
    assert {o.name for o in found.origins} == set(program.faults)
    assert set(found.quantities) == set(program.faults) & leading
    assert (found.healed, found.after) == (1, 0)
    assert found.runs <= 2 + 3 * len(program.faults) + len({o.layer for o in found.origins})
    assert program.computed <= found.runs


@settings(deadline=None)
@given(programs())
def test_a_share_is_what_the_repair_of_the_fault_and_those_before_it_heals(program: Linear):
    for origin in heal(program, program.catalogue).origins:
        assert set(origin.with_) == program.catalogue.ancestors(origin.name) & set(program.faults)
        left = {n: v for n, v in program.faults.items() if n not in {origin.name, *origin.with_}}
        assert origin.healed == pytest.approx(1 - program.off(left) / program.off(program.faults))


CHAIN = {"a": (), "b": ("a",), "c": ("b",), "I": ("c",)}


def test_what_lies_behind_is_named_though_the_last_one_alone_would_heal_all():
    program = Linear(CHAIN, {"a": 1, "c": 3})
    found = heal(program, program.catalogue)
    assert [(o.name, o.layer, o.with_, o.healed, o.gain) for o in found.origins] == [
        ("a", 0, (), 0.25, 0.25),
        ("c", 1, ("a",), 1.0, 0.75),
    ]
    assert program.error(frozenset(["c"])) == 0
    assert found.runs == 3  # as it is, with a, with both: no set runs twice


def test_what_cannot_be_replaced_is_said_and_what_comes_from_it_is_replaced():
    program = Linear(CHAIN, {"a": 1, "c": 3}, {"a": "there is no tap of that name"})
    found = heal(program, program.catalogue)
    assert found.barred == {"a": "there is no tap of that name"}
    assert found.quantities == ("b", "c")
    assert found.healed == 1


def test_where_nothing_can_be_replaced_nothing_heals():
    program = Linear(CHAIN, {"a": 1}, dict.fromkeys(CHAIN, "no"))
    found = heal(program, program.catalogue)
    assert (found.origins, found.healed, found.before, found.after) == ((), 0, 1, 1)
    assert set(found.barred) == set(CHAIN)


def test_a_quantity_that_leads_nowhere_changes_nothing():
    program = Linear({"a": (), "printed": ("a",), "I": ("a",)}, {"printed": 2, "I": 1})
    found = heal(program, program.catalogue)
    assert [(o.name, o.idle) for o in found.origins] == [("I", False), ("printed", True)]
    assert found.quantities == ("I",)


def test_what_changes_pixels_up_and_down_alike_is_not_idle():
    """Alone its changes cancel in the sum over the pixels beside a larger fault; left out of all, they do not."""

    class TwoPixels(Linear):
        def error(self, names: frozenset[str]) -> float:
            size, tilt = 0 if "a" in names else 10, 0 if "b" in names else 1
            return abs(size + tilt) + abs(size - tilt)

    program = TwoPixels({"a": (), "b": (), "I": ("a", "b")}, {"a": 10, "b": 1})
    found = heal(program, program.catalogue)
    assert [(o.name, o.gain, o.idle) for o in found.origins] == [("a", 0.9, False), ("b", 0.0, False)]


def test_faults_that_make_up_for_each_other_are_not_needed_to_heal_another_one():
    """b and what comes from it, or c and d, which stand side by side: replaced alone they make it worse."""
    chain = {"a": (), "b": (), "I": ("a", "b")}
    for program in (
        Linear(chain, {"a": 5, "b": -3, "I": 3}),
        Linear({"a": (), "c": (), "d": (), "I": ("a", "c", "d")}, {"a": 5, "c": -3, "d": 3}),
    ):
        found = heal(program, program.catalogue)
        assert (found.quantities, found.healed, found.after, found.itself) == (("a",), 1, 0, "")
        assert {o.name for o in found.origins if o.idle} == set(program.faults) - {"a"}
        assert {abs(o.gain) > 0 for o in found.origins} == {True}


def test_faults_that_partly_make_up_for_each_other_are_both_needed():
    program = Linear({"a": (), "b": (), "I": ("a", "b")}, {"a": 10, "b": -4})
    found = heal(program, program.catalogue)
    assert (set(found.quantities), found.healed) == ({"a", "b"}, 1)


def test_where_all_that_is_replaced_makes_it_worse_it_is_named_all_the_same():
    program = Linear(CHAIN, {"b": -3, "c": 5}, {"c": "no", "I": "no"})
    found = heal(program, program.catalogue)
    assert (found.quantities, found.healed) == (("b",), -1.5)


def test_nothing_is_told_of_given_quantities_where_there_is_no_error():
    program = Linear({"a": (), "printed": ("a",), "I": ("a",)}, {"printed": 2})
    found = together(program, ["printed"])
    assert (found.same, found.healed, found.asked) == (True, 1, True)


def test_given_quantities_are_replaced_together():
    program = Linear(CHAIN, {"a": 1, "c": 3})
    found = together(program, ["a", "a"])
    assert (found.quantities, found.healed, found.before, found.after, found.runs) == (("a",), 0.25, 4, 3, 2)


def test_no_number_is_no_answer():
    class Nothing(Linear):
        def error(self, names: frozenset[str]) -> float:
            return math.nan

    found = heal(Nothing(CHAIN, {"a": 1}), Catalogue())
    assert (found.origins, found.healed, found.runs) == ((), 0, 1)
    assert math.isnan(found.before)
