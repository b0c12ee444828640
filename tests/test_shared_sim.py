"""The 67 recorded cases once more: files byte for byte, the console, float32, and the trace against its image."""

from __future__ import annotations

import contextlib
import difflib
import io
import math
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.compiled import image_run, unfit
from firstbad.sim.flags import parse
from firstbad.sim.program import main
from firstbad.sim.resolve import resolve
from firstbad.sim.simulate import simulate
from firstbad.tracer.diff import compare
from firstbad.tracer.text import parse as parse_trace

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
CASES = sorted(p.name for p in REFERENCE.iterdir()) if REFERENCE.is_dir() else []
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CASES, reason="no reference data beside the repository")]

FLOAT32_EXCEPTIONS: dict[str, str] = {}
"""Case: why float32 differs. There is none."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def inputs(case: str, folder: Path) -> list[str]:
    """Copy the case's files to `folder`; its arguments."""
    source = REFERENCE / case / "inputs"
    if source.is_dir():
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return shlex.split((REFERENCE / case / "argv.txt").read_text())


@pytest.mark.parametrize("case", CASES)
def test_integer_grey_and_noise_images_are_byte_identical(case: str, tmp_path: Path) -> None:
    argv = inputs(case, tmp_path)
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(io.StringIO()):
        assert main(argv) == 0
    compared = 0
    for name in ("intimage.img", "image.pgm", "noiseimage.img"):
        if (REFERENCE / case / name).exists():
            assert (tmp_path / name).read_bytes() == (REFERENCE / case / name).read_bytes(), name
            compared += 1
    assert compared


@pytest.mark.parametrize("case", CASES)
def test_the_console_says_the_same(case: str, tmp_path: Path) -> None:
    """Line for line at 15 digits, but for the banner, the meter, pointers and the last digit of a number.

    What the pixel's trace says is left to the diff: which last bits cancel differs between processors.
    """
    log = sorted((REFERENCE / case).glob("trace_*.log"))[0]
    argv = inputs(case, tmp_path)
    told = io.StringIO()
    pixel = re.findall(r"\d+", log.stem)[-2:]
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(told):
        assert main([*argv, "-trace_pixel", *pixel, "--digits", "15"]) == 0
    mine = [
        x.replace("TRACE_PY", "TRACE_C")
        for x in told.getvalue().splitlines()
        if not x.startswith(("firstbad.sim:", "TRACE_OPEN", "TRACE_INPUT", "TRACE_SEAL"))
    ]
    text = log.read_text().replace("will not be printed! ", "will not be printed! \n")
    theirs = [x for x in text.splitlines() if not re.search(r"^\d+% done|^mmap|^nanoBragg nano", x)]
    clock = "-seed" not in argv
    for a, b in zip(mine, theirs, strict=True):
        if a != b and not (clock and ("seed:" in a or "photons on noise" in a)):
            alike(a, b)
    diff = compare(parse_trace(text), parse_trace("\n".join(mine)))
    assert not diff.origins and not diff.missing


def alike(mine: str, theirs: str) -> None:
    """Fail unless two lines differ in the last of 15 digits at most."""
    assert _NUMBER.sub("#", mine) == _NUMBER.sub("#", theirs), "\n".join(difflib.ndiff([theirs], [mine]))
    if theirs.startswith("TRACE_C: "):
        return
    for x, y in zip(_NUMBER.findall(mine), _NUMBER.findall(theirs), strict=True):
        assert math.isclose(float(x), float(y), rel_tol=2e-14, abs_tol=0), (mine, theirs)


def hold_float32(case: str, image: torch.Tensor) -> None:
    """Correlation and sum ratio of a float32 image with the recorded one; a case is good or listed, never both."""
    ours = image.numpy().astype(np.float64)
    recorded = np.load(REFERENCE / case / "image.npy").astype(np.float64)
    if recorded.std() == 0:
        assert np.array_equal(ours, recorded)
        return
    good = np.corrcoef(ours.ravel(), recorded.ravel())[0, 1] >= 0.99999 and abs(ours.sum() / recorded.sum() - 1) <= 1e-4
    assert good != (case in FLOAT32_EXCEPTIONS)


@pytest.mark.parametrize("case", CASES)
def test_float32_images_correlate(case: str, tmp_path: Path) -> None:
    hold_float32(case, simulate(parse(inputs(case, tmp_path), folder=tmp_path), dtype=torch.float32))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_compiled_float32_images_correlate(case: str, tmp_path: Path) -> None:
    scene = resolve(parse(inputs(case, tmp_path), folder=tmp_path)).to(torch.float32, "cpu")
    if (reason := unfit(scene)) is not None:
        pytest.skip(f"computed eagerly: {reason}")
    told: list[str] = []
    hold_float32(case, image_run(scene, "compiled", warn=told.append).image)
    assert told == []
