"""The recorded traces of traces/: the real program's runs repeated by both of ours, and our own pairs made anew."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from firstbad.sim import reference
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.text import read
from reference_runs import run
from sim_lines import ulps

TRACES = Path(__file__).parents[1] / "traces"
CASES = sorted(path.parent for path in TRACES.glob("parity/*/argv.txt"))
PAIRS = sorted(path.parent for path in TRACES.glob("golden/*/argv.txt"))
POINTER = re.compile(r"^(mmap\(.*\) = ).*$", re.MULTILINE)


def name_of(folder: Path) -> str:
    return folder.name


def started(case: Path, folder: Path) -> list[str]:
    """The inputs of a recorded run in `folder`; its arguments with the pixel that it traced."""
    if (case / "inputs").is_dir():
        shutil.copytree(case / "inputs", folder, dirs_exist_ok=True)
    slow, fast = re.findall(r"\d+", log_of(case).stem)
    return [*shlex.split((case / "argv.txt").read_text()), "-trace_pixel", slow, fast, "-noprogress"]


def log_of(case: Path) -> Path:
    (log,) = case.glob("trace_*.log")
    return log


def recorded_diff(pair: Path) -> Diff:
    return compare(read(pair / "reference.log"), read(pair / "candidate.log"))


def test_all_of_it_is_there():
    assert (len(CASES), len(PAIRS)) == (20, 3)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_c_reference_repeats_a_run_of_the_real_program_to_the_byte(case: Path, tmp_path: Path):
    args = started(case, tmp_path)
    done = run(reference.build(), tmp_path, *args, "--digits=15", "--seal=off")
    assert done.status == 0, done.complaints
    assert POINTER.sub(r"\1", "\n".join(done.lines)) == POINTER.sub(r"\1", log_of(case).read_text().rstrip("\n"))
    assert done.image.tobytes() == np.load(case / "image.npy").tobytes()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_torch_simulator_repeats_it_and_the_diff_names_nothing(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    from firstbad.sim.program import main

    args = started(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(args) == 0
    (tmp_path / "candidate.log").write_text(capfd.readouterr().out)
    apart = ulps(np.fromfile("floatimage.bin", np.float32), np.load(case / "image.npy").ravel())
    assert apart.max() <= 1
    assert np.mean(apart == 0) >= 0.99
    diff = compare(read(log_of(case)), read(tmp_path / "candidate.log"))
    assert not diff.origins
    assert not diff.missing


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    subprocess.run([sys.executable, str(TRACES / "make.py"), "--out", str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("side", ["reference", "candidate"])
@pytest.mark.parametrize("pair", ["golden/steps", "golden/table", "golden/triclinic", "incident"])
def test_a_pair_made_anew_agrees_with_the_recorded_one(made: Path, pair: str, side: str):
    recorded, anew = (read(folder / pair / f"{side}.log") for folder in (TRACES, made))
    assert recorded.sealed
    assert anew.sealed
    assert [(r.quantity, r.scope) for r in recorded.records] == [(r.quantity, r.scope) for r in anew.records]
    diff = compare(recorded, anew)
    assert not diff.origins
    assert (TRACES / pair / "argv.txt").read_text() == (made / pair / "argv.txt").read_text()


@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_the_two_sides_of_a_golden_pair_agree(pair: Path):
    diff = recorded_diff(pair)
    assert diff.same
    assert len(diff.judged) > 100


def test_the_incident_is_an_input_that_only_the_reference_read():
    diff = recorded_diff(TRACES / "incident")
    assert [(o.quantity, str(o.side)) for o in diff.origins] == [("F_cell", "neither")]
    assert [s.name for s in diff.config] == ["file Fdump.bin"]
