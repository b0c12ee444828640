"""Drawn command lines that both simulators run, and builds of the C reference that round otherwise and are all right.

The table of measured noise (noise_table.py) and the measurements of what it is worth (measure_noise.py) draw from here,
with other seeds.
"""

from __future__ import annotations

import contextlib
import random
import re
import shutil
from pathlib import Path

from fault_runs import write_inputs
from firstbad.sim import reference

BUILDS = {
    "plain": ("-O2", "-ffp-contract=off"),
    "extended": ("-O2", "-ffp-contract=off", "-mfpmath=387"),
    "fast-math": ("-O2", "-ffast-math", "-fno-finite-math-only"),
    "fused": ("-O3", "-march=native", "-fopenmp"),
}
"""Compiler flags: as it is shipped, 80 bits, sums in another order, fused multiply-add."""
_MOST_STEPS = 48
"""Sources x phi steps x domains x subpixels x layers: a trace of every step holds some fifteen records each."""


def build(folder: Path, names: tuple[str, ...] = tuple(BUILDS)) -> list[Path]:
    """`folder/NAME` for each build. They print the lines of the cell with 17 digits, where the real program prints six."""
    sources = folder / "c-sources"
    shutil.copytree(reference.SOURCES, sources, ignore=shutil.ignore_patterns("__*"))
    cell = sources / "console_cell.c"
    cell.write_text(re.sub(r'"TRACE:.*"', lambda line: line[0].replace("%g", "%.17g"), cell.read_text()))
    found: list[Path] = []
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            found.append(Path(shutil.copy(reference.build(cflags=BUILDS[name], source_dir=sources), folder / name)))
    shutil.rmtree(sources)
    return found


def inputs(folder: Path) -> None:
    """The files that drawn lines name: structure factors, a matrix, a list of sources."""
    write_inputs(folder)


def line(chance: random.Random, size: int = 200) -> list[str]:
    """One experiment; real inputs are written as decimals, so that their last bit can be moved. No pixel is chosen."""
    words = [*_cell(chance), *(w for axis in "abc" for w in (f"-N{axis}", str(chance.randint(2, 9))))]
    words += ["-lambda", _real(chance, 0.8, 6.5), "-detpixels", str(size), "-pixel", _real(chance, 0.08, 0.4)]
    words += [chance.choice(["-distance", "-close_distance"]), _real(chance, 30, 250)]
    words += ["-misset", *(_real(chance, -40, 40) for _ in range(3)), "-oversample", str(chance.choice((1, 1, 2)))]
    groups = chance.sample(_groups(chance), chance.randint(1, 6))
    if ["-oversample_omega"] in groups:  # a solid angle of 1/R² at every step is beyond float32
        groups = [group for group in groups if group != ["-point_pixel"]]
    while _steps([*words, *(w for group in groups for w in group)]) > _MOST_STEPS:
        groups.pop()
    return [*words, *(w for group in groups for w in group), "-seed", "7", "-nonoise", "-nopgm"]


def pixel(chance: random.Random, size: int = 200) -> list[str]:
    """A pixel to trace; nothing else is computed."""
    slow, fast = (chance.randrange(size) for _ in range(2))
    return ["-trace_pixel", str(slow), str(fast), "-roi", *map(str, (fast, fast, slow, slow))]


def _real(chance: random.Random, low: float, high: float) -> str:
    return repr(round(chance.uniform(low, high), 4))


def _cell(chance: random.Random) -> list[str]:
    angles = chance.choice([("90.0", "90.0", "90.0"), ("75.5", "85.25", "95.125"), ("90.0", "90.0", "120.0")])
    words = ["-cell", *(_real(chance, 40, 120) for _ in range(3)), *angles]
    if chance.random() < 0.1:
        words = ["-mat", "A.mat"]
    kind = chance.choice(["", "", "-nointerpolate", "-interpolate"])
    return [*words, "-default_F", _real(chance, 1, 200), *(["-hkl", "P1.hkl", kind] if kind else [])]


def _groups(chance: random.Random) -> list[list[str]]:
    def real(low: float, high: float) -> str:
        return _real(chance, low, high)

    return [
        ["-detector_rotx", real(-20, 20), "-detector_roty", real(-20, 20), "-detector_rotz", real(-20, 20)],
        ["-twotheta", real(-25, 25)],
        ["-phi", real(-20, 20), "-osc", real(0.1, 5), "-phisteps", str(chance.randint(2, 3))],
        ["-mosaic", real(0.1, 2), "-mosaic_domains", str(chance.randint(2, 3)), "-mosaic_seed", str(chance.randint(1, 99))],
        ["-detector_thick", real(50, 500), "-detector_abs", real(100, 600), "-thicksteps", str(chance.randint(2, 3))],
        ["-hdivrange", real(1, 8), "-hdivsteps", "2", "-vdivrange", real(1, 8), "-vdivsteps", "2"],
        ["-dispersion", real(0.5, 4), "-dispsteps", "2"],
        ["-sourcefile", "s.txt"],
        ["-polar", real(-1, 1)],
        ["-nopolar"],
        [chance.choice(["-oversample_omega", "-oversample_polar", "-oversample_thick"])],
        ["-water", real(5, 50)],
        [chance.choice(["-gauss_xtal", "-round_xtal", "-tophat_spots"]), "-fudge", real(0.5, 1.5)],
        [chance.choice(["-xds", "-denzo", "-adxv", "-dials"])],
        ["-fluence", real(1, 9) + "e28"],
        ["-flux", real(1, 9) + "e12", "-exposure", real(0.1, 3), "-beamsize", real(0.01, 0.2)],
        ["-point_pixel"],
        ["-curved_det"],
        ["-pivot", chance.choice(["beam", "sample"])],
    ]  # fmt: skip


def _steps(words: list[str]) -> int:
    def after(flag: str, otherwise: int = 1) -> int:
        return int(words[words.index(flag) + 1]) if flag in words else otherwise

    sources = 4 if "-hdivrange" in words else 2 if "-sourcefile" in words else 1
    sources *= after("-dispsteps")
    return sources * after("-phisteps") * after("-mosaic_domains") * after("-oversample") ** 2 * after("-thicksteps")
