"""The torch simulator against our C reference on random command lines: images, files, traces and what is printed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim import c as c_sources
from firstbad.sim.experiment import Output
from firstbad.sim.flags import parse
from firstbad.sim.options import TABLE
from firstbad.sim.program import main, own_options
from firstbad.sim.quirks import named
from firstbad.sim.reference import build
from firstbad.sim.resolve import resolve
from firstbad.tracer.errors import FirstbadError
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st
from sim_lines import VALUES, command_lines, console_lines, disagreement, numbers, pixel_records, ulps, write_inputs

if shutil.which("cc") is None and shutil.which("gcc") is None and shutil.which("clang") is None:
    pytest.skip("no C compiler", allow_module_level=True)

TRACED = ("-trace_pixel", "3", "2")
PHASES = [phase for phase in Phase if phase is not Phase.explain]
"""Phase.explain keeps the branches that every example took, also of those that pass: gigabytes after some hundred."""


def drawn(examples: int) -> settings:
    """So many random lines: each runs two programs, and most of what is drawn is too large."""
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=quiet, phases=PHASES)


@dataclass(frozen=True)
class Done:
    """What one program left."""

    status: int
    text: str
    errors: str
    folder: Path
    output: Output

    def image(self) -> np.ndarray:
        return np.fromfile(self.folder / self.output.floatfile, np.float32)


@contextlib.contextmanager
def both(argv: list[str]) -> Iterator[tuple[Done, Done]]:
    """Both programs with one command line, each in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, side) for side in ("c", "torch")]
        for folder in folders:
            folder.mkdir()
            write_inputs(folder)
        output = affordable(argv, folders[1])
        theirs = subprocess.run(
            [build(), *TRACED, *argv],
            cwd=folders[0],
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        told, warned = io.StringIO(), io.StringIO()
        with contextlib.chdir(folders[1]), contextlib.redirect_stdout(told), contextlib.redirect_stderr(warned):
            status = main([*TRACED, *argv])
        yield (
            Done(theirs.returncode, theirs.stdout.decode(), theirs.stderr.decode(), folders[0], output),
            Done(status, told.getvalue(), warned.getvalue(), folders[1], output),
        )


def affordable(argv: list[str], folder: Path) -> Output:
    """Assume a run that is small and defined: no step count that wraps, no detector plane through the crystal."""
    own, rest = own_options(argv)
    quirks = named(own.quirks)
    try:
        experiment = parse(rest, folder=folder, quirks=quirks, build=own.build)
        scene = resolve(experiment, quirks=quirks)
    except FirstbadError:
        return Output()
    s, distance = scene.statics, float(scene.geometry.distance)
    slow, fast = scene.shape
    assume(0 <= s.steps * s.layers * slow * fast < 400_000 and 1e-4 < abs(distance) < 1e3)
    return experiment.output


def compare(argv: list[str]) -> None:
    with both(argv) as (theirs, ours):
        assert bool(ours.status) == bool(theirs.status), (ours.errors, theirs.errors)
        if theirs.status:
            assert ours.errors.startswith(("error: ", "warning: "))
            return
        a, b = ours.image(), theirs.image()
        distance = ulps(a, b)
        assert distance.max(initial=0) <= 1, (a[distance > 1][:4], b[distance > 1][:4])
        assert (distance > 0).sum() <= max(1, 0.01 * a.size)
        records = list(zip(pixel_records(ours.text), pixel_records(theirs.text), strict=True))
        assert all(mine[0] == real[0] for mine, real in records)
        for (name, mine), (_, real) in records:
            assert disagreement(mine, real, 1e-12) <= 1, (name, mine, real)
        same_console(ours.text, theirs.text)
        if (distance == 0).all() and np.isfinite(a).all():
            same_files(ours, theirs)


def same_console(ours: str, theirs: str) -> None:
    """The same lines, and numbers that differ in the last of the digits that are printed."""
    for mine, real in zip(console_lines(ours), console_lines(theirs), strict=True):
        (words, a), (expected, b) = numbers(mine), numbers(real)
        assert words == expected, (mine, real)
        assert disagreement(a, b, 1e-12 if real.startswith("TRACE_C") else 2e-5) <= 1, (mine, real)


def same_files(ours: Done, theirs: Done) -> None:
    """The integer, grey and noise images have the same pixels, and headers with the same numbers."""
    out = ours.output
    for name, header in ((out.intfile, 512), (out.pgmfile, 0), (out.noisefile, 512)):
        assert (ours.folder / name).exists() == (theirs.folder / name).exists()
        if (ours.folder / name).exists():
            mine, real = (done.folder.joinpath(name).read_bytes() for done in (ours, theirs))
            assert mine[header:] == real[header:], name
            same_console(mine[:header].decode(), real[:header].decode())


def test_every_option_of_the_table_is_drawn() -> None:
    """The strategy draws from the table itself; this holds the values it knows, and C's table, to the same one."""
    firsts = {option.texts[0] for option in TABLE}
    assert set(VALUES) == {
        option.texts[0] for option in TABLE if option.need > (option.texts[0] == "-curved_det") or option.crashes
    }
    assert firsts >= set(VALUES)
    source = Path(c_sources.__file__).with_name("flags_table.c").read_text()
    theirs = re.findall(r'^    \{"(-\w+)", ', source, re.MULTILINE)
    assert sorted(theirs) == sorted(text for option in TABLE for text in option.texts)


BASE = "-cell 100 100 100 -default_F 37.5 -lambda 1.5 -distance 100 -detpixels 5 -seed 7 "


@drawn(40)
@given(command_lines(most=6))
@example((BASE + "-misset random -N 5 -misset_seed 3").split())
@example((BASE + "-osc 0 -phistep 8").split())
@example((BASE + "-divsteps 1").split())
@example((BASE + "-twotheta_axis 0.96442 1 0.15836").split())
@example((BASE + "-dmin 40 -phi 0 -osc 10 -phisteps 2 -oversample 2 -divergence 9 -divsteps 3").split())
@example((BASE + "-hkl P1.hkl -interpolate -phi 0 -osc 9 -phisteps 3 -N 2 -lambda 0.8 -distance 20").split())
@example((BASE + "-phi 0 -osc 9 -phisteps 3 -oversample 2 -mosaic 1 -mosaic_dom 2 -N 4 --phi-records").split())
@example((BASE + "-thicksteps 2 -detector_thick 200 -phi 1 -osc 9 -phisteps 2 -dispersion 2 --phi-records").split())
@example((BASE + "-printout -oversample 2 -mask m.img").split())
def test_random_command_lines_agree(argv: list[str]) -> None:
    torch.set_num_threads(1)
    compare(argv)


ODD = (
    "--quirks=none -seed 7 -default_F 100 -lambda 1 -distance 50 -detpixels 5 -mosflm -xds -misset random -misset_seed "
)


@drawn(15)
@given(command_lines(most=6, quirks="none"))
@example(f"{ODD} 1 -cell 70 80 90 90 90 120".split())  # a sine that rounding puts above 1
@example(f"{ODD} 3 -cell 100 100 100 90 90 120".split())
def test_random_command_lines_agree_without_quirks(argv: list[str]) -> None:
    compare(argv)


@drawn(8)
@given(st.sampled_from(["-mats", "-matrix", "-wavelength", "-lambdas", "-mosaic_domains"]))
def test_without_quirks_both_programs_take_the_same_words(word: str) -> None:
    value = "A.mat" if "mat" in word else "2"
    compare(
        [
            *[
                "--quirks=none",
                "-seed",
                "7",
                "-cell",
                "90",
                "80",
                "70",
                "90",
                "90",
                "90",
                "-default_F",
                "9",
                "-N",
                "2",
                "-detpixels",
                "4",
                "-mosaic_spread",
                "1",
            ],
            word,
            value,
        ]
    )


@pytest.mark.slow
@drawn(2000)
@given(command_lines(most=12))
def test_many_random_command_lines_agree(argv: list[str]) -> None:
    compare(argv)


@pytest.mark.slow
@drawn(600)
@given(command_lines(most=12, quirks="none"))
def test_many_random_command_lines_agree_without_quirks(argv: list[str]) -> None:
    compare(argv)
