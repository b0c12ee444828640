"""The reference under the address and undefined-behaviour sanitizers, on ordinary and on damaged input."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pytest
from firstbad.sim import reference
from reference_runs import P1, run

SANITIZE = ["-g", "-O1", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
pytestmark = pytest.mark.slow
CASES = [
    "-misset random -misset_seed 3 -mosaic 0.5 -mosaic_dom 3 -phi 0 -osc 2 -phisteps 3 -trace_pixel 2 3 --phi-records",
    "-hkl P1.hkl -interpolate -oversample 2",
    "-sourcefile s.txt -oversample_polar -polar 0.9 -printout",
    "-mask m.img -img m.img -detector_thick 450 -detector_abs 500 -thicksteps 3 -oversample_thick",
    "-curved_det -point_pixel -gauss_xtal -mat A.mat -dispersion 2 -dispsteps 3 -divergence 2 -divsteps 3",
    "--trace-pixels=all --trace-stream=s.bin --quirks=none -water 2 -tophat_spots",
]
VALUES = shlex.split("0 1 -1 2 3.5 1e-3 -7 100 abc rand sample beam inf nan 1e30 99999999999 A.mat P1.hkl m.img s.txt")
COUNTS = re.compile("steps|oversample$|_dom$")


@pytest.fixture(scope="module")
def checked() -> Path:
    return reference.build(cflags=SANITIZE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    P1(tmp_path)
    (tmp_path / "A.mat").write_text("0.0065 0.0005 -0.0003\n-0.0004 0.0071 0.0006\n0.0002 -0.0007 0.0068\n")
    (tmp_path / "s.txt").write_text("0 0 10 1.0 6.2e-10\n1 2 3")
    header = b"{\nHEADER_BYTES=512;\nSIZE1=8;\nSIZE2=8;\nPIXEL_SIZE=0.2;\nDISTANCE=150;\n}\f"
    (tmp_path / "m.img").write_bytes(header.ljust(512) + b"\1\0" * 63 + b"\0\0")
    return tmp_path


@pytest.mark.parametrize("flags", CASES)
def test_ordinary_runs(checked: Path, folder: Path, flags: str) -> None:
    args = shlex.split("-cell 70 80 90 75 85 95 -default_F 100 -N 3 -lambda 2 -detpixels 8 -seed 1 -noprogress")
    done = run(checked, folder, *args, *flags.split())
    assert done.status == 0, done.complaints


def random_arguments(rng: random.Random, options: list[tuple[str, int]]) -> list[str]:
    args = shlex.split("-cell 100 100 100 90 90 90 -default_F 100 -detpixels 6 -distance 100 -N 3")
    for _ in range(rng.randint(1, 6)):
        name, need = rng.choice(options)
        values = ["0", "1", "2", "3", "-2", "x"] if COUNTS.search(name) else VALUES
        args += [name, *(rng.choice(values) for _ in range(abs(need)))]
    return [*args, "-oversample", "1", "-detpixels", "6"]


def test_random_command_lines(checked: Path, folder: Path) -> None:
    """Any mixture of options and odd values ends with status 0, or with 9 and a sentence."""
    rows = re.findall(r'\{"(-[^"]+)", \w+, \d+, (-?\d+)', (reference.SOURCES / "flags_table.c").read_text())
    options = [(name, int(need)) for name, need in rows if "file" not in name and "image" not in name]
    assert len(options) > 100
    rng = random.Random(20)
    for _ in range(400):
        args = random_arguments(rng, options)
        done = run(checked, folder, *args)
        assert done.status in (0, 9), (args, done.complaints)
        assert (done.status == 9) == ("reference: error: " in done.complaints), args
