"""`--trace-steps`: every source, phi step and mosaic domain of the traced pixel, from both simulators; each value decided."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from firstbad.sim import reference
from firstbad.sim.flags import parse as parse_flags
from firstbad.sim.program import main
from firstbad.sim.tracing import trace as trace_of
from firstbad.tracer.catalogue import load
from firstbad.tracer.closure import check
from firstbad.tracer.closure_result import first_broken
from firstbad.tracer.diff import Side, compare
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.text import parse, read
from firstbad.ui.values import where
from reference_runs import run
from sim_lines import disagreement, pixel_records, write_inputs

BASE = "-cell 70 80 90 75 85 95 -default_F 50 -N 3 -lambda 1.1 -distance 90 -detpixels 10 -misset 3 6 9 -nonoise -nopgm -seed 1 -trace_pixel 4 3"
DECIDED = ("incident_vec", "rot_a_angstroms", "hkl_frac", "F_latt", "F_cell", "I_before_scaling", "I_pixel_final")


@dataclass(frozen=True)
class Case:
    """Options, how many sources, phi steps, domains and places (subpixels times layers) a pixel has, and what stays open."""

    words: str
    sources: int = 1
    phis: int = 1
    domains: int = 1
    places: int = 1
    square: bool = True


ROTATED = frozenset(f"rot_{x}_angstroms" for x in "abc")
CASES = {
    "one step": Case(""),
    "beams": Case("-hdivrange 3 -hdivsteps 3 -square_div -dispersion 2 -dispsteps 3", sources=9),
    "a source file": Case("-sourcefile s.txt", sources=3),
    "phi": Case("-phi 4 -osc 2 -phisteps 3", phis=3),
    "mosaic": Case("-mosaic 1 -mosaic_domains 4", domains=4),
    "all loops": Case(
        "-phi 1 -osc 2 -phisteps 2 -mosaic 1 -mosaic_domains 2 -dispersion 2 -dispsteps 2 -oversample 2 "
        "-spindle_axis 0 1 0.2 -detector_thick 300 -detector_abs 500 -thicksteps 2",
        sources=2, phis=2, domains=2, places=8,
    ),
    "layers": Case("-detector_thick 300 -detector_abs 500 -thicksteps 3 -phi 2 -osc 1 -phisteps 2", phis=2, places=3),
    "round": Case("-round_xtal -phi 1 -osc 1 -phisteps 2", phis=2, square=False),
    "gauss": Case("-gauss_xtal -mosaic 1 -mosaic_domains 3 -fudge 0.5", domains=3, square=False),
    "top hat": Case("-binary_spots -dispersion 60 -dispsteps 9 -fudge 60", sources=9, square=False),
    "water": Case("-water 3 -mosaic 1 -mosaic_domains 3", domains=3),
    "a table": Case("-hkl P1.hkl -mosaic 1 -mosaic_domains 3 -phi 1 -osc 2 -phisteps 2", phis=2, domains=3),
    "interpolated": Case("-hkl P1.hkl -interpolate -mosaic 1 -mosaic_domains 3", domains=3),
    "a matrix": Case("-mat A.mat -phi 2 -osc 2 -phisteps 2", phis=2, places=4),
    "phi from 0": Case("-osc 2 -phisteps 3", phis=3),
    "phi over 0": Case("-phi -1.9 -osc 5.7 -phisteps 3", phis=3),
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What one simulator printed, and its image."""

    text: str
    image: bytes

    @property
    def trace(self) -> Trace:
        return parse(self.text)


def simulated(side: str, folder: Path, words: str) -> Ran:
    words = words.replace("-cell 70 80 90 75 85 95", "") if "-mat" in words else words
    (folder / "Fdump.bin").unlink(missing_ok=True)
    if side == "C":
        text = "\n".join(run(reference.build(), folder, *shlex.split(words)).lines) + "\n"
    else:
        out = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(out):
            assert main([*shlex.split(words), "--threads", "1"]) == 0
        text = out.getvalue()
    return Ran(text, (folder / "floatimage.bin").read_bytes())


@cache
def ran(name: str, side: str, folder: Path, more: str = "--trace-steps") -> Ran:
    return simulated(side, folder, f"{BASE} {CASES[name].words} {more}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("steps")
    write_inputs(made)
    return made


def unscoped(text: str) -> list[str]:
    """The lines of a steps trace that a plain trace has, without their scope; the seal counts others."""
    kept = []
    for line in text.splitlines():
        scope = re.search(r"^TRACE_(?:C|PY): \w+\{([^}]*)\}", line)
        if scope is None or set(re.findall(r"\d+", scope[1])) == {"0"}:
            kept.append(re.sub(r"\{[^}]*\}", "", line, count=1) if scope else line)
    return [line for line in kept if not line.startswith("TRACE_SEAL")]


# ---- what is printed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_c_and_torch_print_the_same_steps(name: str, folder: Path) -> None:
    ours, theirs = ran(name, "PY", folder), ran(name, "C", folder)
    pairs = list(zip(pixel_records(ours.text), pixel_records(theirs.text), strict=True))
    assert [mine[0] for mine, _ in pairs] == [real[0] for _, real in pairs]
    worst = max(disagreement(mine[1], real[1], 1e-12) for mine, real in pairs)
    assert worst <= 1
    assert ours.image == theirs.image


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_there_once_with_its_place(name: str, folder: Path) -> None:
    case = CASES[name]
    trace = ran(name, "C", folder).trace
    steps = Counter(r.scope for r in trace.find("hkl_frac"))
    wanted = {
        (("source", str(s)), ("phi", str(p)), ("mosaic", str(m)))
        for s in range(case.sources)
        for p in range(case.phis)
        for m in range(case.domains)
    }
    assert steps == dict.fromkeys(wanted, case.places)
    assert Counter(r.scope for r in trace.find("incident_vec")) == {
        (("source", str(s)),): case.places for s in range(case.sources)
    }
    assert [r.scope for r in trace.find("pixel_pos_meters")] == [()] * case.places
    assert len(trace.find("F_latt")) == len(trace.find("hkl_frac"))
    assert bool(trace.find("F_latt_a")) is case.square


@pytest.mark.parametrize("side", ["C", "PY"])
@pytest.mark.parametrize("name", CASES)
def test_without_it_everything_is_as_it_was(name: str, side: str, folder: Path) -> None:
    """The first of each, without braces; F_latt of a crystal that is not square is told by steps alone."""
    whole, plain = ran(name, side, folder), ran(name, side, folder, "")
    lines = unscoped(whole.text)
    if not CASES[name].square:
        lines = [line for line in lines if not re.match(r"TRACE_(C|PY): F_latt ", line)]
    facts = re.compile(r" args=\S+")
    assert [facts.sub("", line) for line in lines] == [facts.sub("", line) for line in unscoped(plain.text)]
    assert "{source" not in plain.text
    assert whole.image == plain.image


@pytest.mark.parametrize("side", ["C", "PY"])
def test_a_source_that_dmin_culls_has_no_steps(side: str, folder: Path) -> None:
    words = f"{BASE} -dmin 340 -dispersion 60 -dispsteps 4 -phi 1 -osc 1 -phisteps 2 --trace-steps"
    trace = simulated(side, folder, words).trace
    assert [dict(r.scope)["source"] for r in trace.find("lambda_meters")] == ["0", "1", "2", "3"]
    beyond = {
        dict(q.scope)["source"]
        for q in trace.find("scattering_vec_A_inv")
        if sum(x * x for x in q.numbers) ** -0.5 < 340e-10
    }
    assert 0 < len(beyond) < 4
    assert {dict(r.scope)["source"] for r in trace.find("hkl_frac")} == {"0", "1", "2", "3"} - beyond
    assert [r for r in check(trace, load()) if r.broken] == []


@pytest.mark.parametrize("side", ["C", "PY"])
def test_where_the_lattice_is_dark_no_structure_factor_is_told_unless_there_is_water(side: str, folder: Path) -> None:
    words = f"{BASE} {CASES['top hat'].words} --trace-steps"
    trace = simulated(side, folder, words).trace
    lit = [r.scope for r in trace.find("F_latt") if r.values != (0.0,)]
    assert [r.scope for r in trace.find("F_cell")] == lit and 0 < len(lit) < 9
    assert len(simulated(side, folder, f"{words} -water 1").trace.find("F_cell")) == 9


def test_the_function_gives_the_records_of_the_text(folder: Path) -> None:
    words = [word for word in shlex.split(f"{BASE} {CASES['all loops'].words}") if word != "-noprogress"]
    experiment = parse_flags(words, folder=folder)
    records, _ = trace_of(experiment, 4, 3, steps=True)
    told = [r for r in ran("all loops", "PY", folder).trace if r.quantity in {x.quantity for x in records}]
    told = [r for r in told if r.prefix == "TRACE_PY"][-len(records) :]
    assert [(r.quantity, r.scope, r.numbers) for r in records] == [(r.quantity, r.scope, r.numbers) for r in told]


@pytest.mark.parametrize("name", ["beams", "phi", "mosaic", "all loops", "layers"])
def test_float32_with_every_step_agrees_with_a_plain_reference(name: str, folder: Path) -> None:
    """Which step the plain trace shows is known by what its whole iteration says, whatever float32 rounded."""
    plain, steps = ran(name, "C", folder, ""), ran(name, "PY", folder, "--dtype float32 --trace-steps")
    diff = compare(plain.trace, steps.trace, load())
    assert not diff.origins
    assert {alone.quantity for alone in diff.missing} <= {r.quantity for r in steps.trace if r.scope}


# ---- what it decides -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_value_of_every_step_is_decided_and_holds(name: str, folder: Path) -> None:
    text = ran(name, "C", folder).text
    (folder / "steps.log").write_text(text)
    (folder / "Fdump.bin").unlink(missing_ok=True)
    results = check(read(folder / "steps.log"), load())
    assert [(r.quantity, r.record.scope, r.why) for r in results if r.broken] == []
    assert [(r.quantity, r.record.scope, r.why) for r in results if r.holds is None] == []
    held, told = Counter(r.quantity for r in results), Counter(r.quantity for r in ran(name, "C", folder).trace)
    assert all(held[quantity] == told[quantity] > 0 for quantity in DECIDED)


CHANGES = {
    "F_cell at a phi step": ("a table", "F_cell", {"phi": "1", "mosaic": "2"}),
    "interpolated": ("interpolated", "F_cell", {"mosaic": "2"}),
    "an orientation at a phi step": ("phi", "rot_b_angstroms", {"phi": "2"}),
    "a wavelength of a later source": ("beams", "lambda_meters", {"source": "7"}),
    "a direction of a later source": ("beams", "incident_vec", {"source": "4"}),
    "a lattice factor": ("mosaic", "F_latt_c", {"mosaic": "3"}),
    "a round crystal": ("round", "F_latt", {"phi": "1"}),
    "a Gaussian spot": ("gauss", "F_latt", {"mosaic": "2"}),
    "a top-hat spot": ("top hat", "F_latt", {"source": "6"}),
    "an index in a later layer": ("layers", "hkl_frac", {"phi": "1"}),
}


def changed(trace: Trace, quantity: str, place: dict[str, str]) -> tuple[Trace, Record]:
    """The trace with the last such value 1 per cent larger, and that record."""
    records = list(trace.records)
    index = max(i for i, r in enumerate(records) if r.quantity == quantity and place.items() <= dict(r.scope).items())
    values = tuple(v * 1.01 for v in records[index].numbers)
    tokens = tuple(f"{v:.17g}" for v in values)
    records[index] = replace(records[index], values=values, tokens=tokens)
    return replace(trace, records=tuple(records)), records[index]


@pytest.mark.parametrize(("case", "quantity", "place"), CHANGES.values(), ids=CHANGES)
def test_a_change_in_a_hidden_step_is_named_at_its_step(
    case: str, quantity: str, place: dict[str, str], folder: Path
) -> None:
    (folder / "steps.log").write_text(ran(case, "C", folder).text)
    good = read(folder / "steps.log")
    bad, record = changed(good, quantity, place)
    first = first_broken(check(bad, load()))
    assert first is not None
    assert (first.quantity, first.record.scope, first.record.line) == (quantity, record.scope, record.line)
    assert place.items() <= dict(first.record.scope).items()
    found = compare(good, bad)
    named = [f for f in (*found.origins, *found.healed) if f.quantity == quantity]
    assert [(f.side, f.different, f.reference.scope) for f in named] == [(Side.CANDIDATE, 1, record.scope)]
    assert all(f"{loop} {number}" in where(named[0].reference) for loop, number in place.items())


def test_the_origin_of_a_sum_is_named_only_where_its_steps_are_in_the_trace(folder: Path) -> None:
    """Another seed of the mosaic turns every domain but the first, which is all that a plain trace shows."""
    words = f"{BASE} {CASES['mosaic'].words}"
    for more, origins in (("", {"I_before_scaling"}), ("--trace-steps", ROTATED)):
        one, two = (simulated("C", folder, f"{words} {more} {seed}").trace for seed in ("", "-mosaic_seed 7"))
        found = compare(one, two)
        assert {f.quantity for f in found.origins} == origins
        if more:
            assert {f.different for f in found.origins} == {3}
            assert {where(f.reference) for f in found.origins} == {"source 0, phi 0, mosaic 1"}
