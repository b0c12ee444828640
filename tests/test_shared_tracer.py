"""Against real logs: the field's dialects, 134 traces of nanoBragg itself, and a pair recorded in a real incident."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pytest
from firstbad.tracer.catalogue import Catalogue, load
from firstbad.tracer.closure import check
from firstbad.tracer.diff import Diff, Side, compare
from firstbad.tracer.model import Manifest, Record, Trace
from firstbad.tracer.selftest import FAULTS, plant
from firstbad.tracer.text import parse, read
from firstbad.tracer.view import View
from firstbad.tracer.writer import input_of

SHARED = Path(__file__).parents[2] / "shared"
FIELD, REFERENCE = SHARED / "field", SHARED / "reference"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="needs the reference data")]

HEALED = {"scattering_vec_A_inv", "beam_center_m", "Fbeam_m", "Sbeam_m", "term_fast", "term_slow"}
ORIGINS = {"F_cell", "F_latt_a", "F_latt_b", "F_latt_c", "fluence_photons_per_m2", "r_e_meters"}


def field() -> list[Path]:
    return sorted(FIELD.glob("*.log"))


def reference() -> list[Path]:
    return sorted(REFERENCE.glob("*/trace_*.log"))


@lru_cache
def incident() -> Diff:
    pair = (FIELD / "4843cf4a-pixel_1792_2048.log", FIELD / "e5c0f28b-pixel_1792_2048.log")
    return compare(*map(read, pair))


# ---- the reader ----------------------------------------------------------------------------------------------


def with_number(path: Path) -> Iterator[int]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if b"TRACE" in line and re.search(rb"\d", line.split(b"TRACE", 1)[1]):
            yield number


def test_99_per_cent_of_the_lines_with_numbers_become_records() -> None:
    lines = records = told = 0
    for path in field():
        trace = read(path)
        got, skipped = {r.line for r in trace}, {s.line for s in trace.skipped}
        wanted = set(with_number(path))
        lines += len(wanted)
        records += len(wanted & got)
        told += len(wanted & (got | skipped))
    assert len(field()) == 62
    assert records >= 0.99 * lines
    assert told == lines, "what is no record is listed with its reason"


def test_no_number_is_lost_or_invented() -> None:
    number = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
    for path in (*field(), *reference()[:20]):
        text = path.read_text(errors="replace").splitlines()
        for record in read(path):
            assert all(token in text[record.line - 1] for token in record.tokens)
            if record.quantity in ("hkl_frac", "pixel_pos_meters", "rot_a_angstroms"):
                assert [float(t) for t in number.findall(text[record.line - 1])] == list(record.numbers)


def test_every_cut_of_a_real_log_is_read_without_a_wrong_number() -> None:
    data = (FIELD / "4843cf4a-pixel_1792_2048.log").read_bytes()
    whole = {(r.quantity, r.occurrence): r.tokens for r in parse(data.decode())}
    from firstbad.tracer.text import parse_bytes

    for length in range(200, len(data), 37):
        for record in parse_bytes(data[:length]):
            assert whole[record.quantity, record.occurrence] == record.tokens


# ---- the incident -----------------------------------------------------------------------------------------------


def test_the_origins_of_the_incident() -> None:
    assert {f.quantity for f in incident().origins} == ORIGINS
    assert incident().origins[0].quantity == "fluence_photons_per_m2", "nine powers of ten cost most"


def test_what_heals_in_the_incident() -> None:
    found = incident()
    assert {f.quantity for f in found.healed} == HEALED
    pairs = {
        f.quantity: f.reference.numbers[0] / f.candidate.numbers[0] for f in found.healed if f.candidate.numbers[0]
    }
    assert pairs["scattering_vec_A_inv"] == pytest.approx(1e10)
    assert pairs["beam_center_m"] == pytest.approx(1e-3)


def test_what_is_no_difference_in_the_incident() -> None:
    judged = {j.quantity: j.verdict for j in incident().judged}
    for name in (
        "pixel_pos_meters",
        "incident_vec",
        "hkl_frac",
        "pix0_vector",
        "diffracted_vec",
        "rot_b_angstroms",
        "polar",
    ):
        assert judged[name].agrees, name
    inherited = {f.quantity for f in incident().inherited}
    assert inherited == {"F_latt", "I_before_scaling", "r_e_sqr", "I_pixel_final", "floatimage_accumulated"}
    assert not incident().missing and not incident().flipped


def test_which_side_of_the_incident_is_at_fault() -> None:
    found = incident()
    sides = {f.quantity: f.side for f in (*found.origins, *found.healed)}
    assert all(sides[f"F_latt_{x}"] is Side.CANDIDATE for x in "abc")
    assert sides["r_e_meters"] is Side.CANDIDATE
    assert sides["F_cell"] is sides["fluence_photons_per_m2"] is Side.NEITHER
    assert sides["scattering_vec_A_inv"] is Side.REFERENCE
    assert all(sides[name] is Side.CANDIDATE for name in ("term_fast", "term_slow")), "it built pix0 from other terms"
    assert found.labels == {Side.REFERENCE: {"scattering_vec_A_inv": 1e10}, Side.CANDIDATE: {}}
    broken = {r.quantity for r in found.closures[Side.CANDIDATE] if r.broken}
    assert {"F_latt_a", "F_latt_b", "F_latt_c"} <= broken
    assert not [r for r in found.closures[Side.REFERENCE] if r.broken]
    assert found.parameters[Side.REFERENCE]["Na"] == 5


def test_the_incident_the_other_way_round() -> None:
    pair = (FIELD / "e5c0f28b-pixel_1792_2048.log", FIELD / "4843cf4a-pixel_1792_2048.log")
    found = compare(*map(read, pair))
    assert {f.quantity for f in found.origins} == ORIGINS
    assert {f.quantity for f in found.healed} == HEALED
    assert {f.side for f in found.origins if f.quantity.startswith("F_latt")} == {Side.REFERENCE}


def test_the_incident_without_a_catalogue_names_the_first_line_and_says_so() -> None:
    pair = (FIELD / "4843cf4a-pixel_1792_2048.log", FIELD / "e5c0f28b-pixel_1792_2048.log")
    found = compare(*map(read, pair), Catalogue())
    assert [f.quantity for f in found.origins] == ["beam_center_m"]
    assert any("order stands in" in note for note in found.notes)


# ---- nanoBragg's own traces ----------------------------------------------------------------------------------------


def test_every_trace_of_the_program_closes_but_for_its_one_wrong_label() -> None:
    decided = 0
    for path in reference():
        results = check(read(path), load())
        assert [(r.quantity, r.why) for r in results if r.broken] == [], path
        assert {r.quantity for r in results if r.label} <= {"scattering_vec_A_inv"}
        decided += sum(r.holds is not None for r in results)
    assert len(reference()) == 134 and decided > 12_000


def asked(path: Path) -> Trace:
    """The trace with the arguments of its run."""
    said = Manifest(MappingProxyType({"args": (path.parent / "argv.txt").read_text().strip()}))
    return replace(read(path), manifest=said)


def test_what_the_arguments_ask_for_is_in_every_trace_of_the_program() -> None:
    decided = 0
    for path in reference():
        results = check(asked(path), load())
        assert [(r.quantity, r.why) for r in results if r.broken] == [], path
        decided += sum(r.holds is not None for r in results)
    assert decided > 19_700


def test_structure_factors_and_matrices_of_the_program_are_those_of_its_files() -> None:
    """Nearest, interpolated by force, interpolated by choice and switched off on the way; two matrices."""
    more = Counter[str]()
    for path in reference():
        if (path.parent / "inputs").exists():
            inputs = tuple(one for file in (path.parent / "inputs").iterdir() if (one := input_of(file, file.name)))
            bare = asked(path)
            told = replace(bare, inputs=inputs, folder=str(path.parent / "inputs"))
            for one, two in zip(check(bare, load()), check(told, load()), strict=True):
                assert not two.broken, (path, two.quantity, two.why)
                more[two.quantity] += one.holds is None and two.holds is True
    assert +more == {"F_cell": 8, "a_star_raw": 4, "b_star_raw": 4, "c_star_raw": 4}


def test_a_trace_differs_from_itself_in_nothing() -> None:
    for path in (*field(), *reference()[::9]):
        trace = read(path)
        found = compare(trace, trace)
        assert found.same, (path.name, found.counts())


def printed(record: Record, digits: int) -> Record:
    if not record.numbers or len(record.numbers) != len(record.values):
        return record
    tokens = tuple(f"{v:.{digits}g}" for v in record.numbers)
    return replace(record, tokens=tokens, values=tuple(map(float, tokens)))


@pytest.mark.parametrize("digits", [6, 9, 12])
def test_fewer_digits_are_no_difference(digits: int) -> None:
    from dataclasses import replace

    for path in reference()[3::17]:
        trace = read(path)
        short = replace(trace, records=tuple(printed(r, digits) for r in trace))
        for pair in ((trace, short), (short, trace)):
            found = compare(*pair)
            assert found.agree and not found.healed, (path, [f.quantity for f in (*found.origins, *found.healed)])


# The quantities on the way to the intensity, each of which a port can get wrong.
PLANTED = (
    "Fbeam_m", "pix0_vector_meters", "pixel_pos_meters", "R_distance_meters", "close_distance_meters",
    "omega_pixel_sr", "diffracted_vec", "incident_vec", "lambda_meters", "scattering_vec_A_inv", "rot_a_angstroms",
    "rot_b_angstroms", "rot_c_angstroms", "hkl_frac", "F_latt_a", "F_latt_b", "F_latt_c", "F_latt", "F_cell",
    "I_before_scaling", "r_e_meters", "r_e_sqr", "fluence_photons_per_m2", "steps", "capture_fraction", "polar",
    "omega_pixel", "I_pixel_final",
)  # fmt: skip
UNDECIDED = {"rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms", "incident_vec", "capture_fraction"}


def planted(path: Path, names: tuple[str, ...], faults: tuple[int, ...]) -> Iterator[tuple[Trace, Trace, str]]:
    trace, catalogue = read(path), load()
    held = View(trace, catalogue).groups
    for name in names:
        for number in faults:
            bad = plant(trace, catalogue, name, FAULTS[number])[0] if name in held else None
            if bad is not None:
                yield trace, bad, name


def told(found: Diff, name: str) -> Side | None:
    for finding in (*found.origins, *found.healed):
        if finding.quantity == name:
            return finding.side
    return None


def judge(
    path: Path, names: tuple[str, ...], faults: tuple[int, ...]
) -> list[tuple[str, list[str], Side | None, Side]]:
    """Name, origins found, side blamed and side spoiled, for each fault on each side."""
    found = []
    for good, bad, name in planted(path, names, faults):
        for side, diff in ((Side.CANDIDATE, compare(good, bad)), (Side.REFERENCE, compare(bad, good))):
            found.append((name, [f.quantity for f in diff.origins], told(diff, name), side))
    return found


def test_planted_faults_are_named_on_the_right_side() -> None:
    path = next(REFERENCE.glob("v02-*/trace_32_43.log"))
    rows = judge(path, PLANTED, (0, 1))
    assert len(rows) > 80
    wrong = [row for row in rows if row[1] != [row[0]]]
    assert wrong == []
    blamed = [row for row in rows if row[2] not in (row[3], Side.NEITHER, Side.UNKNOWN)]
    assert blamed == []


@pytest.mark.slow
def test_planted_faults_in_many_command_lines() -> None:
    rows = [row for path in reference()[1::12] for row in judge(path, PLANTED, (0, 2))]
    named = sum(row[1][:1] == [row[0]] for row in rows)
    exact = sum(row[1] == [row[0]] for row in rows)
    blamed = [row for row in rows if row[2] not in (row[3], Side.NEITHER, Side.UNKNOWN, None)]
    print(f"{len(rows)} faults, first {named}, alone {exact}, wrongly blamed {len(blamed)}")
    assert blamed == []
    assert named >= 0.95 * len(rows)


# ---- nothing crashes, and fast ----------------------------------------------------------------------------------------


def all_pairs(step: int) -> None:
    traces = [read(path) for path in field()]
    pairs = [(a, b) for a in traces for b in traces]
    for a, b in pairs[::step]:
        json.dumps(compare(a, b).as_dict(), allow_nan=False)


def test_some_pairs_of_field_logs_can_be_compared() -> None:
    all_pairs(59)


@pytest.mark.slow
def test_all_pairs_of_field_logs_can_be_compared() -> None:
    all_pairs(1)


@pytest.mark.bench
def test_bench_the_incident_takes_less_than_four_tenths_of_a_second() -> None:
    code = (
        "import json, sys; from firstbad.tracer.text import read; from firstbad.tracer.diff import compare; "
        "print(len(json.dumps(compare(read(sys.argv[1]), read(sys.argv[2])).as_dict())))"
    )
    pair = [str(FIELD / name) for name in ("4843cf4a-pixel_1792_2048.log", "e5c0f28b-pixel_1792_2048.log")]

    def once() -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, *pair], check=True, capture_output=True, timeout=60)
        return time.perf_counter() - begin

    best = min(once() for _ in range(5))
    print(f"{best:.3f} s")
    assert best <= 0.4
