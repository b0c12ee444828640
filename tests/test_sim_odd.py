"""What a slip on the command line leads to, in both simulators: a sentence that names the option, never silence."""

from __future__ import annotations

import contextlib
import io
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.options import TABLE
from firstbad.sim.program import main
from firstbad.sim.reference import build
from sim_lines import VALUES, write_inputs

BASE = shlex.split("-cell 100 100 100 -default_F 100 -lambda 1 -distance 100 -detpixels 6 -N 5 -seed 1")
NUMBERS = sorted(
    option.texts[0]
    for option in TABLE
    if option.texts[0] in VALUES
    and option.texts[0]
    not in ("-density", "-MW", "-molec", "-pivot", "-mat", "-hkl", "-img", "-mask", "-stolout", "-stol", "-4stol", "-Q")
    and option.texts[0] not in ("-sourcefile", "-dump", "-floatfile", "-intfile", "-pgmfile", "-noisefile")
)
WHOLE = {
    "-Na", "-Nb", "-Nc", "-N", "-detector_thicksteps", "-detpixels", "-detpixels_f", "-detpixels_s", "-oversample", "-roi",
    "-mosaic_dom", "-dispsteps", "-hdivsteps", "-vdivsteps", "-divsteps", "-phisteps", "-printout_pixel", "-trace_pixel",
    "-seed", "-mosaic_seed", "-misset_seed",
}  # fmt: skip

needs_c = pytest.mark.skipif(not any(shutil.which(name) for name in ("cc", "gcc", "clang")), reason="no C compiler")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.set_num_threads(1)
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def torch_says(argv: list[str]) -> tuple[int, str]:
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        status = main(argv)
    return status, errors.getvalue()


def c_says(argv: list[str]) -> tuple[int, str]:
    done = subprocess.run([build(), *argv], capture_output=True, timeout=60, env={"OMP_NUM_THREADS": "1"})
    return done.returncode, done.stderr.decode()


PROGRAMS = [pytest.param(torch_says, id="torch"), pytest.param(c_says, id="c", marks=needs_c)]


@pytest.mark.parametrize("says", PROGRAMS)
def test_nan_is_an_error_that_names_the_option(says, folder: Path) -> None:
    for text in sorted(set(NUMBERS) - WHOLE):
        status, errors = says([*BASE, text, *["nan"] * max(3, len(VALUES[text]))])
        assert status in (2, 9), text
        assert f"error: {text} is nan" in errors, errors


@pytest.mark.parametrize("says", PROGRAMS)
def test_garbage_is_a_warning_that_tells_what_was_read(says, folder: Path) -> None:
    for text in NUMBERS:
        word = "3.5mm" if text in WHOLE else "0.5mm"
        _, errors = says([*BASE, "-oversample", "1", "--quirks=none", text, *[word] * len(VALUES[text])])
        assert f"warning: {text}: '{word}' is read as {'3' if text in WHOLE else '0.5'}" in errors, errors


def test_both_lists_of_options_are_those_of_the_table() -> None:
    assert set(NUMBERS) > WHOLE
    assert len(NUMBERS) > 70


SLIPS = [
    ("-lambda abc", True, "'abc' is read as 0", "the wavelength is 0"),
    ("-energy 0", True, " 0"),
    ("-lambda -distance", True, "-lambda: '-distance' is read as 0"),
    ("-lambda inf", False, "-lambda is infinite"),
    ("-distance inf", False, "36 of 36 pixels are infinite or no number"),
    ("-distance 0", True, "automatic oversampling", "-distance"),
    ("-pixel -0.1", True, "the pixel size is -0.1 mm"),
    ("-detpixels -5", True, "-5", "-detpixels"),
    ("-detpixels 1000000", True, ""),
    ("-detpixels 0 -detsize 0", True, "-detsize"),
    ("-xtalsize 1e9", True, "1e+14 cells", "-xtalsize"),
    ("-osc inf -phistep 1", True, "a scan has inf steps"),
    ("-divsteps 100000", True, "sources"),
    ("-mosaic 1 -mosaic_dom 100000000", True, "100000000"),
    ("-oversample 46000 -detpixels 3000", True, "samples"),
    ("-roi 5 1 5 1", False, "holds no pixel", "6 x 6"),
    ("-roi 6 9 0 5", False, "holds no pixel"),
    ("-spindle_axis 0 0 0", False, "-spindle_axis is 0 0 0"),
    ("-cell 9 9 9 30 30 170", False, "no cell has the angles 30 30 170"),
    ("-pivot neither", False, "neither sample nor beam"),
    ("-cell 0", True, "-cell"),
]


@pytest.mark.parametrize(("line", "fails", "said"), [(line, fails, said) for line, fails, *said in SLIPS])
@pytest.mark.parametrize("says", PROGRAMS)
def test_a_slip_is_named(says, line: str, fails: bool, said: list[str], folder: Path) -> None:
    status, errors = says([*BASE, *line.split()])
    assert bool(status) == fails, errors
    assert all(words in errors for words in said), errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("says", PROGRAMS)
def test_a_sound_line_says_nothing(says, folder: Path) -> None:
    assert says([*BASE, "-roi", "0", "5", "5", "5", "-cell", "50", "60", "70", "80", "90", "100"]) == (0, "")
    assert np.fromfile("floatimage.bin", np.float32).size == 36
