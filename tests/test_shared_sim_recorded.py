"""The torch simulator against what the real program recorded: 67 cases, float64, images and traces."""

from __future__ import annotations

import contextlib
import io
import math
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from firstbad.sim.program import main

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
CASES = sorted(p.name for p in REFERENCE.iterdir()) if REFERENCE.is_dir() else []
KEPT = Path(__file__).parents[1] / "traces" / "parity"
"""The selection that the project keeps; test_traces.py repeats the images of those."""
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CASES, reason="no reference data beside the repository")]


def words(case: str) -> list[str]:
    text = (REFERENCE / case / "argv.txt").read_text()
    return shlex.split(text)


def run(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> str:
    inputs = REFERENCE / case / "inputs"
    if inputs.is_dir():
        shutil.copytree(inputs, folder, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert main([*words(case), *more]) == 0
    return told.getvalue()


def image(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    files = sorted(folder.glob("*.bin"))
    raw = next(f for f in files if f.name not in ("Fdump.bin",))
    return np.fromfile(raw, np.float32).reshape(shape)


@pytest.mark.parametrize("case", [case for case in CASES if not (KEPT / case).exists()])
def test_float64_images_are_within_one_float32_ulp(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = np.load(REFERENCE / case / "image.npy")
    run(case, tmp_path, monkeypatch)
    ours = image(tmp_path, recorded.shape)
    assert np.mean(ours == recorded) >= 0.99
    assert np.all(np.abs(ours - recorded) <= np.spacing(np.abs(recorded)))


def lines_of(text: str) -> list[str]:
    return [x[x.index("TRACE_") :] for x in text.splitlines() if re.search(r"TRACE_(C|PY):", x)]


def numbers(line: str) -> list[float]:
    return [float(n) for n in re.findall(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)(?![\w])", line.split(":", 1)[1])]


def test_the_kept_selection_is_what_was_recorded() -> None:
    kept = [path for path in KEPT.rglob("*") if path.is_file()]
    assert len(kept) > 60
    assert not [path for path in kept if path.read_bytes() != (REFERENCE / path.relative_to(KEPT)).read_bytes()]


@pytest.mark.parametrize("case", CASES)
def test_traces_have_the_same_tags_and_values(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for log in sorted((REFERENCE / case).glob("trace_*.log")):
        slow, fast = re.findall(r"\d+", log.stem)[-2:]
        folder = tmp_path / log.stem
        folder.mkdir()
        ours = lines_of(run(case, folder, monkeypatch, "-trace_pixel", slow, fast))
        theirs = lines_of(log.read_text(errors="replace"))
        assert [re.match(r"TRACE_\w+: ?[A-Za-z_0-9]+", x).group().split(":")[1] for x in ours] == [
            re.match(r"TRACE_\w+: ?[A-Za-z_0-9]+", x).group().split(":")[1] for x in theirs
        ]
        for mine, recorded in zip(ours, theirs, strict=True):
            a, b = numbers(mine), numbers(recorded)
            assert len(a) == len(b), (mine, recorded)
            scale = float(np.linalg.norm(b)) or 1.0
            # N cells near a zero of the interference: 12 digits are left of what one processor or the other rounds
            relative = 1e-11 if "F_latt" in recorded else 1e-12
            assert all(
                abs(x - y) <= relative * scale or (math.isnan(x) and math.isnan(y)) for x, y in zip(a, b, strict=True)
            ), (
                mine,
                recorded,
            )
