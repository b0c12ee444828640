"""The torch simulator against our C reference on random command lines: images, files and traces."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.flags import parse
from firstbad.sim.program import main
from firstbad.sim.quirks import named
from firstbad.sim.reference import build
from firstbad.sim.resolve import resolve
from firstbad.tracer.errors import FirstbadError
from hypothesis import HealthCheck, assume, example, given, settings
from sim_lines import command_lines, disagreement, pixel_records, ulps, write_inputs

if shutil.which("cc") is None and shutil.which("gcc") is None and shutil.which("clang") is None:
    pytest.skip("no C compiler", allow_module_level=True)

TRACED = ("-trace_pixel", "3", "2")
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@dataclass(frozen=True)
class Done:
    """What one program left."""

    status: int
    text: str
    folder: Path

    def image(self) -> np.ndarray:
        return np.fromfile(self.folder / "floatimage.bin", np.float32)


@contextlib.contextmanager
def both(argv: list[str], quirks: str) -> Iterator[tuple[Done, Done]]:
    """Both programs with one command line, each in a folder of its own; nothing is compared where C fails too."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, side) for side in ("c", "torch")]
        for folder in folders:
            folder.mkdir()
            write_inputs(folder)
        assume(affordable(argv, folders[1], quirks))
        theirs = subprocess.run(
            [build(), *argv, *TRACED, f"--quirks={quirks}"],
            cwd=folders[0],
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        told, warned = io.StringIO(), io.StringIO()
        with contextlib.chdir(folders[1]), contextlib.redirect_stdout(told), contextlib.redirect_stderr(warned):
            status = main([*argv, *TRACED, "--quirks", quirks])
        yield (
            Done(theirs.returncode, theirs.stdout.decode(), folders[0]),
            Done(status, told.getvalue(), folders[1]),
        )


def affordable(argv: list[str], folder: Path, quirks: str) -> bool:
    """Whether the run is small, and defined: no step count that wraps, no detector plane through the crystal."""
    try:
        scene = resolve(parse(argv, folder=folder, quirks=named(quirks)), quirks=named(quirks))
    except FirstbadError:
        return True
    s, distance = scene.statics, float(scene.geometry.distance)
    slow, fast = scene.shape
    return 0 <= s.steps * s.layers * slow * fast < 400_000 and 1e-4 < abs(distance) < 1e3


def compare(argv: list[str], quirks: str = "nanobragg") -> None:
    with both(argv, quirks) as (theirs, ours):
        assert bool(ours.status) == bool(theirs.status), ours.text[-300:]
        if theirs.status:
            return
        a, b = ours.image(), theirs.image()
        distance = ulps(a, b)
        assert distance.max() <= 1, (a[distance > 1][:4], b[distance > 1][:4])
        assert (distance > 0).sum() <= max(1, 0.01 * a.size)
        records = list(zip(pixel_records(ours.text), pixel_records(theirs.text), strict=True))
        assert all(mine[0] == real[0] for mine, real in records)
        for (name, mine), (_, real) in records:
            assert disagreement(mine, real, 1e-12) <= 1, (name, mine, real)
        if (distance == 0).all() and np.isfinite(a).all():
            same_files(ours.folder, theirs.folder)


def same_files(ours: Path, theirs: Path) -> None:
    """The integer, grey and noise images have the same pixels."""
    for name, header in (("intimage.img", 512), ("image.pgm", 0), ("noiseimage.img", 512)):
        assert (ours / name).exists() == (theirs / name).exists()
        if (ours / name).exists():
            assert (ours / name).read_bytes()[header:] == (theirs / name).read_bytes()[header:], name


BASE = "-cell 100 100 100 -default_F 37.5 -lambda 1.5 -distance 100 -detpixels 5 -seed 7 "


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(command_lines(most=6))
@example((BASE + "-misset random -N 5 -misset_seed 3").split())
@example((BASE + "-osc 0 -phistep 8").split())
@example((BASE + "-divsteps 1").split())
@example((BASE + "-twotheta_axis 0.96442 1 0.15836").split())
@example((BASE + "-dmin 40 -phi 0 -osc 10 -phisteps 2 -oversample 2 -divergence 9 -divsteps 3").split())
@example((BASE + "-hkl P1.hkl -interpolate -phi 0 -osc 9 -phisteps 3 -N 2 -lambda 0.8 -distance 20").split())
def test_random_command_lines_agree(argv: list[str]) -> None:
    torch.set_num_threads(1)
    compare(argv)


@settings(max_examples=15, deadline=None, suppress_health_check=QUIET)
@given(command_lines(most=6))
def test_random_command_lines_agree_without_quirks(argv: list[str]) -> None:
    compare(argv, "none")


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=QUIET)
@given(command_lines(most=12))
def test_many_random_command_lines_agree(argv: list[str]) -> None:
    compare(argv)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=QUIET)
@given(command_lines(most=12))
def test_many_random_command_lines_agree_without_quirks(argv: list[str]) -> None:
    compare(argv, "none")
