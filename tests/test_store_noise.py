"""Stores judged by measured noise: what one pixel is granted holds at each of many; small faults are found, rounding is none."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("zarr")

from firstbad.sim.many import prepare, write_store
from firstbad.tracer import uncertain as u
from firstbad.tracer.catalogue import Catalogue, from_document, load
from firstbad.tracer.closure import check_view
from firstbad.tracer.noise import Row
from firstbad.tracer.pixels import selected
from firstbad.tracer.store import MISSING, Column, Store, open_store
from firstbad.tracer.store_judge import StoresDiff, judge_stores
from firstbad.tracer.store_noise import StoreNoise
from firstbad.tracer.store_writer import StoreWriter
from firstbad.tracer.uncertain import EPSILON, Num
from firstbad.tracer.view import View

BASE = "-cell 70.5 80.25 90.125 75.5 85.25 95.125 -default_F 100.5 -Na 5 -Nb 6 -Nc 7 -lambda 1.5 -distance 60.25 -misset 10.5 20.25 30.125"
LINES = {
    "tilted": "-detpixels 13 -pixel 0.7 -oversample 1 -detector_rotx 5.5 -polar 0.5",
    "subpixels": "-detpixels 9 -pixel 0.9 -oversample 2 -phi 1.5 -osc 0.5 -phisteps 2 -mosaic 0.5 -mosaic_domains 2",
    "every step": "-detpixels 9 -pixel 0.9 -oversample 1 -phi 1 -osc 2 -phisteps 2 -mosaic 0.5 -mosaic_domains 2 --trace-steps",
    "layers": "-detpixels 9 -pixel 0.9 -oversample 1 -detector_abs 234.5 -detector_thick 200.5 -thicksteps 2 -twotheta 3.5",
    "culled": "-detpixels 15 -pixel 3.5 -oversample 1 -dmin 1.9",
    "dark": "-detpixels 15 -pixel 0.9 -oversample 1 -tophat_spots -fudge 0.6",
}


def some(*fast: str) -> list[Any]:
    """All lines, those that are not named marked as slow."""
    return [line if line in fast else pytest.param(line, marks=pytest.mark.slow) for line in LINES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Store]:
    folder = tmp_path_factory.mktemp("stores")

    @cache
    def make(line: str, dtype: str = "float64") -> Store:
        path = folder / f"{line}-{dtype}"
        write_store(prepare([*BASE.split(), *LINES[line].split(), "--dtype", dtype], selected("all")), path)
        return open_store(path)

    return make


def changed(store: Store, path: Path, factors: Mapping[str, float], where: slice = slice(None)) -> Store:
    """A copy with columns multiplied."""
    with StoreWriter(path, store.shape, store.columns, store.pixels, store.facts) as writer:
        block = {name: store.read(name).copy() for name in store.names}
        for name, factor in factors.items():
            block[name][where] *= factor
        writer.append(block)
    return open_store(path)


def causes(diff: StoresDiff) -> list[tuple[tuple[str, ...], int]]:
    return [(quantities, pixels) for quantities, pixels, _ in diff.causes]


# ---- the same bounds, many at a time ---------------------------------------------------------------------------------


FUNCTIONS: dict[str, tuple[int, Callable[..., u.Term]]] = {
    **{name: (1, getattr(u, name)) for name in ("sin", "cos", "exp", "sqrt", "absolute", "ceil", "floor", "float32")},
    "quotient": (2, Num.__truediv__), "product": (2, Num.__mul__), "difference": (2, Num.__sub__), "atan2": (2, u.atan2),
    "sincg": (1, lambda x: u.sincg(x, Num(7.0))), "square": (1, lambda x: u.power(x, Num(2.0))),
    "norm": (3, lambda *v: u.norm(v)), "unit": (3, lambda *v: u.unit(v)), "about": (4, lambda *v: u.about(v[:3], v[3])),
    "dot": (6, lambda *v: u.dot(v[:3], v[3:])), "cross": (6, lambda *v: u.cross(v[:3], v[3:])), "about_x": (1, u.about_x),
}  # fmt: skip


def drawn(chance: random.Random) -> Num:
    odd = chance.random()
    value = chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 6)
    value = 0.0 if odd < 0.05 else float(chance.randint(-5, 5)) if odd < 0.15 else value
    return Num(value, chance.choice((0.0, math.inf, chance.random() * 10.0 ** chance.randint(-20, 3))))


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bound_of_many_values_is_that_of_each_alone(name: str) -> None:
    count, function = FUNCTIONS[name]
    chance = random.Random(name)
    columns = [[drawn(chance) for _ in range(400)] for _ in range(count)]
    many = function(*(Num(*(np.array(part) for part in zip(*((x.v, x.e) for x in c), strict=True))) for c in columns))
    for place, one in enumerate(zip(*columns, strict=True)):
        alone = function(*one)
        for a, b in zip(_all(many), _all(alone), strict=True):
            for part in ("v", "e"):
                got, wanted = np.broadcast_to(getattr(a, part), 400)[place], getattr(b, part)
                assert got == pytest.approx(wanted, rel=1e-9, abs=4 * EPSILON * abs(b.v), nan_ok=True), (one, part)


def _all(term: u.Term) -> tuple[Num, ...]:
    return (term,) if isinstance(term, Num) else term


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("line", some("every step")[:4])
def test_the_noise_of_many_pixels_is_that_of_each_pixel_alone(made, line: str, dtype: str) -> None:
    store, catalogue = made(line, dtype), load()
    rows = np.array([0, 7, 20, 41, 80])
    many = StoreNoise(store, store, catalogue).views(rows)[0]
    told = 0
    for place, row in enumerate(rows):
        alone = View(store.trace(*(int(n) for n in store.pixels[row])), catalogue)
        check_view(alone)
        alone.parameters = many.parameters
        lacking = {
            alone.name(r) for r in alone.trace.records if alone.inherited(r) is None
        }  # granted what reruns showed
        for record in alone.trace.records:
            name = alone.name(record)
            other = many.records(name)[alone.records(name).index(record)]
            for what in ("noise", "floor"):
                wanted = getattr(alone, what)(record)
                got = [float(np.broadcast_to(part, len(rows))[place]) for part in getattr(many, what)(other)]
                assert all(g >= w * (1 - 1e-6) for g, w in zip(got, wanted, strict=True)), (name, what)
                if what == "floor" or not lacking & {name, *catalogue.ancestors(name)}:
                    assert got == pytest.approx(wanted, rel=1e-6), (name, what)
                told += len(wanted)
    assert told > 500


# ---- what is found, and what is not ----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", some("tilted", "every step", "dark"))
def test_a_float32_store_beside_a_float64_one_has_no_cause(made, line: str) -> None:
    diff = judge_stores(made(line), made(line, "float32"), load())
    assert [c.name for c in diff.screened.columns if c.largest > 1e-9] == []
    assert causes(diff) == [] and diff.same
    values = made(line).read("I_pixel_final"), made(line, "float32").read("I_pixel_final")
    assert np.nanmax(np.abs(values[1] / np.where(values[0] == 0, 1, values[0]) - 1)[values[0] != 0]) > 1e-8


@pytest.mark.parametrize(
    ("line", "factors"),
    [
        ("tilted", ("omega_pixel_sr", "omega_pixel", "I_pixel_final")),
        ("tilted", ("polar", "I_pixel_final")),
        ("tilted", ("lambda_meters",)),
        ("layers", ("capture_fraction", "I_pixel_final")),
        ("subpixels", ("R_distance_meters",)),
        ("culled", ("fdet_vec",)),
        ("dark", ("fluence_photons_per_m2", "I_pixel_final")),
    ],
)
def test_a_millionth_of_a_millionth_everywhere_is_found(
    made, tmp_path: Path, line: str, factors: tuple[str, ...]
) -> None:
    """In a quantity that is well conditioned, carried on to the intensity."""
    store = made(line)
    diff = judge_stores(store, changed(store, tmp_path / "bad", dict.fromkeys(factors, 1 + 1e-12)), load())
    assert not diff.same
    named = {name for j in diff.judgements for name in j.screened}
    assert factors[0] in named
    assert sum(j.pixels for j in diff.judgements if factors[0] in j.screened) == len(store)


@pytest.mark.parametrize("line", some("every step", "subpixels"))
def test_what_its_parents_may_be_off_is_no_excuse_where_they_are_the_same(made, tmp_path: Path, line: str) -> None:
    """The intensity is the sum of ill-conditioned steps; but these are the same on both sides."""
    store = made(line)
    diff = judge_stores(store, changed(store, tmp_path / "bad", {"I_pixel_final": 1 + 1e-9}), load())
    named = {name for j in diff.judgements for name in (*j.screened, *(beside for beside, _ in j.beside))}
    assert named == {"I_pixel_final"}


def test_a_last_bit_everywhere_is_no_difference(made, tmp_path: Path) -> None:
    store = made("tilted")
    factors = dict.fromkeys(("omega_pixel_sr", "omega_pixel", "I_pixel_final"), 1 + 4 * EPSILON)
    assert judge_stores(store, changed(store, tmp_path / "near", factors), load()).same


def test_a_fault_at_some_pixels_is_found_among_the_rounding_of_float32(made, tmp_path: Path) -> None:
    store = made("tilted")
    factors = dict.fromkeys(("polar", "I_pixel_final", "floatimage_accumulated"), 1.001)
    bad = changed(made("tilted", "float32"), tmp_path / "bad", factors, slice(20, 45))
    assert causes(judge_stores(store, bad, load())) == [(("polar",), 25)]


def test_what_differs_though_its_children_agree_is_no_rounding(made, tmp_path: Path) -> None:
    store = made("tilted")
    diff = judge_stores(store, changed(store, tmp_path / "label", {"R_distance_meters": 1 + 1e-6}), load())
    assert not diff.same
    assert {beside for j in diff.judgements for beside in j.beside} == {("R_distance_meters", "healed")}


# ---- a program of our own --------------------------------------------------------------------------------------------

DOUBT = {"quantity": {
    "x": {"kind": "input"},
    "y": {"parents": ["x"], "formula": "x - 1"},
    "n": {"kind": "branch", "parents": ["y"], "formula": "ceil(y*2 - 0.5)"},
    "z": {"parents": ["n"], "formula": "n*3"},
}}  # fmt: skip


def stored(path: Path, x: np.ndarray, y: np.ndarray, n: np.ndarray) -> Store:
    with StoreWriter(path, (1, len(x)), [Column(name) for name in "xynz"]) as writer:
        writer.append({"x": x, "y": y, "n": n, "z": 3 * n})
    return open_store(path)


def granting(**ulps: float) -> Catalogue:
    from dataclasses import replace

    rows = {name: Row(ulp, 0.0, 9) for name, ulp in ulps.items()}
    return replace(from_document(DOUBT), measured={"float64": rows})


def test_the_table_decides_and_what_is_inherited_counts(tmp_path: Path) -> None:
    x = 1 + np.geomspace(1e-12, 1e-2, 50)
    y, n = x - 1, np.zeros(50)
    near = stored(tmp_path / "a", x, y, n), stored(tmp_path / "b", x * (1 + 6 * EPSILON), x * (1 + 6 * EPSILON) - 1, n)
    assert judge_stores(*near, granting(x=3, y=0)).same, "y is ill-conditioned near 1, and that is inherited"
    assert judge_stores(*near, granting(x=0, y=0)).same, "six roundings of x are granted by the least of all noise"
    far = stored(tmp_path / "c", x * (1 + 60 * EPSILON), x * (1 + 60 * EPSILON) - 1, n)
    assert causes(judge_stores(near[0], far, granting(x=0, y=0))) == [(("x",), 50)]
    assert judge_stores(near[0], far, granting(x=30, y=0)).same


def test_without_what_its_formula_needs_a_quantity_is_granted_what_reruns_showed(tmp_path: Path) -> None:
    from dataclasses import replace

    known = replace(granting(x=0), measured={"float64": {"y": Row(0, 1e-9, 9)}})
    y = np.linspace(1.0, 2.0, 40)

    def only_y(path: Path, factor: float) -> Store:
        with StoreWriter(path, (1, 40), [Column("y")]) as writer:
            writer.append({"y": y * factor})
        return open_store(path)

    ours, near, far = (only_y(tmp_path / str(f), 1 + f) for f in (0.0, 3e-9, 9e-9))
    assert judge_stores(ours, near, known).same, "1e-9 was seen, twice that is granted to either side, and slack"
    assert causes(judge_stores(ours, far, known)) == [(("y",), 40)]


def test_a_decision_near_a_tie_is_told_apart_from_a_cause(tmp_path: Path) -> None:
    x, y = np.full(4, 1.25), np.full(4, 0.25)
    ours = stored(tmp_path / "a", x, y, np.zeros(4))
    theirs = stored(tmp_path / "b", x + 2 * EPSILON, y + 2 * EPSILON, np.array([0.0, 1.0, 1.0, 0.0]))
    diff = judge_stores(ours, theirs, granting(x=3, y=3))
    assert causes(diff) == [] and not diff.same
    assert {beside for j in diff.judgements for beside in j.beside} == {("n", "flipped")}


def test_a_pixel_that_lacks_a_value_is_judged_beside_those_that_have_it(tmp_path: Path) -> None:
    x = 1 + np.geomspace(1e-12, 1e-2, 40)
    y, n = x - 1, np.zeros(40)
    gone = np.arange(40) % 3 == 0
    ours = stored(tmp_path / "a", x, np.where(gone, MISSING, y), n)
    moved = x * (1 + 6 * EPSILON)
    theirs = stored(tmp_path / "b", moved, np.where(gone, MISSING, moved - 1), n)
    assert judge_stores(ours, theirs, granting(x=3, y=0)).same
    one_sided = stored(tmp_path / "c", moved, moved - 1, n)
    assert sum(c.missing for c in judge_stores(ours, one_sided, granting(x=3, y=0)).screened.columns) == gone.sum()


def test_what_an_intensity_is_granted_covers_rounding_and_no_fault(made: Callable[..., Store], tmp_path: Path) -> None:
    ours, theirs, known = made("tilted"), made("tilted", "float32"), load()
    off = np.abs(ours.read("I_pixel_final") - theirs.read("I_pixel_final"))[:, 0, 0]
    assert (off <= StoreNoise(ours, theirs, known).granted("I_pixel_final")).all() and off.max() > 0
    wrong = changed(ours, tmp_path / "wrong", {"omega_pixel": 1 + 1e-9, "I_pixel_final": 1 + 1e-9})
    granted = StoreNoise(ours, wrong, known).granted("I_pixel_final")
    assert (granted > 0).all() and (granted < 1e-9 * ours.read("I_pixel_final")[:, 0, 0]).mean() > 0.9
    none = changed(ours, tmp_path / "none", {"I_pixel_final": math.nan}, slice(3, 4))
    assert np.isfinite(StoreNoise(ours, none, known).granted("I_pixel_final")).all()
