"""Random command lines over nanoBragg's whole option table, and how two runs of one are compared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

HKL = "P1.hkl"
MATRIX = "A.mat"
SOURCES = "s.txt"
MASK = "m.img"
IMAGE = "h.img"


def write_inputs(folder: Path) -> None:
    """The files that the drawn command lines name."""
    rows = [
        f"{h} {k} {l} {10 + 11.5 * ((7 * h + 13 * k + 29 * l) % 17):g}"
        for h in range(-6, 7)
        for k in range(-5, 6)
        for l in range(-4, 4)  # noqa: E741
    ]
    (folder / HKL).write_text("\n".join(rows) + "\n")
    (folder / MATRIX).write_text("0.0065 0.0005 -0.0003\n-0.0004 0.0071 0.0006\n0.0002 -0.0007 0.0068\n")
    (folder / SOURCES).write_text("0 0 10 1.0 6.2e-10\n0.5 0.01 -10 2.0 6.3e-10\n-10 0.02 0.01\n")
    words = np.ones((9, 11), dtype="<u2")
    words[2:4, :] = 0
    words[:, 5] = 0
    header = (
        "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=11;\nSIZE2=9;\n"
        "PIXEL_SIZE=0.2;\nDISTANCE=150;\nWAVELENGTH=2;\nCLOSE_DISTANCE=120;\nBEAM_CENTER_X=0.9;\n"
        "BEAM_CENTER_Y=1.1;\nXDS_ORGX=5.5;\nXDS_ORGY=4.25;\nPHI=2;\nOSC_RANGE=1;\nTWOTHETA=12;\n}\f"
    )
    for name, data in ((MASK, words), (IMAGE, np.zeros_like(words))):
        (folder / name).write_bytes(header.encode().ljust(512, b" ") + data.tobytes())


def _number(low: float, high: float) -> st.SearchStrategy[str]:
    return st.floats(low, high, allow_nan=False).map(lambda x: f"{x:.5g}")


def _whole(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


def _option(name: str, *values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.tuples(*values).map(lambda drawn: [name, *drawn])


def _axis(name: str) -> st.SearchStrategy[list[str]]:
    part = st.one_of(st.sampled_from(["0", "1", "-1"]), _number(-1, 1))
    return _option(name, part, part, part)


_ANGLE = st.one_of(st.sampled_from(["0", "5", "-10"]), _number(-25, 25))
_SWITCHES = [
    "-mosflm",
    "-xds",
    "-adxv",
    "-denzo",
    "-dials",
    "-point_pixel",
    "-nopolar",
    "-oversample_thick",
    "-oversample_polar",
    "-oversample_omega",
    "-round_div",
    "-square_div",
    "-coherent",
    "-interpolate",
    "-nointerpolate",
    "-round_xtal",
    "-square_xtal",
    "-gauss_xtal",
    "-binary_spots",
    "-tophat_spots",
    "-nonoise",
    "-nopgm",
    "-noprogress",
    "-progress",
    "-curved_det",
]

OPTIONS: dict[str, st.SearchStrategy[list[str]]] = {
    **{name: st.just([name]) for name in _SWITCHES},
    "-Na": _option("-Na", _whole(0, 7)),
    "-Nb": _option("-Nb", _whole(-1, 7)),
    "-Nc": _option("-Nc", _whole(1, 7)),
    "-N": _option("-N", _whole(1, 6)),
    "-misset": _option("-misset", _ANGLE, _ANGLE, _ANGLE),
    "-misset random": st.just(["-misset", "random"]),
    "-misset_seed": _option("-misset_seed", _whole(-3, 9)),
    "-samplesize": _option("-samplesize", _number(0, 4e-5)),
    "-sample_x": _option("-sample_x", _number(0, 4e-5)),
    "-xtal_y": _option("-xtal_y", _number(0, 4e-5)),
    "-sample_height": _option("-sample_height", _number(0, 4e-5)),
    "-Xbeam": _option("-Xbeam", _number(0, 2)),
    "-Ybeam": _option("-Ybeam", _number(0, 2)),
    "-Xclose": _option("-Xclose", _number(0, 2)),
    "-Yclose": _option("-Yclose", _number(0, 2)),
    "-ORGX": _option("-ORGX", _number(0, 12)),
    "-ORGY": _option("-ORGY", _number(0, 12)),
    "-pivot": _option("-pivot", st.sampled_from(["sample", "beam", "neither"])),
    **{
        name: _axis(name)
        for name in ("-fdet_vector", "-sdet_vector", "-odet_vector", "-beam_vector", "-polar_vector",
                     "-spindle_axis", "-twotheta_axis", "-pix0_vector")
    },
    "-distance": _option("-distance", _number(20, 200)),
    "-close_distance": _option("-close_distance", _number(20, 200)),
    "-detector_thick": _option("-detector_thick", _number(0, 600)),
    "-detector_abs": _option("-detector_abs", st.one_of(st.sampled_from(["inf", "0"]), _number(50, 900))),
    "-thicksteps": _option("-thicksteps", _whole(-1, 4)),
    "-detector_thicksteps": _option("-detector_thicksteps", _whole(0, 3)),
    "-twotheta": _option("-twotheta", _ANGLE),
    "-detector_rotx": _option("-detector_rotx", _ANGLE),
    "-detector_roty": _option("-detector_roty", _ANGLE),
    "-detector_rotz": _option("-detector_rotz", _ANGLE),
    "-detsize": _option("-detsize", _number(0.5, 1.2)),
    "-detsize_f": _option("-detsize_f", _number(0.5, 1.2)),
    "-detpixels_x": _option("-detpixels_x", _whole(4, 12)),
    "-detpixels_s": _option("-detpixels_s", _whole(4, 12)),
    "-pixel": _option("-pixel", _number(0.08, 0.3)),
    "-polar": _option("-polar", st.one_of(st.sampled_from(["1", "0", "-1"]), _number(-1, 1))),
    "-oversample": _option("-oversample", _whole(0, 3)),
    "-roi": _option("-roi", _whole(0, 3), _whole(4, 14), _whole(0, 3), _whole(4, 14)),
    "-lambda": _option("-lambda", _number(0.8, 6.5)),
    "-energy": _option("-energy", _number(2000, 13000)),
    "-fluence": _option("-fluence", _number(1e27, 1e33)),
    "-flux": _option("-flux", _number(0, 1e25)),
    "-exposure": _option("-exposure", _number(0, 3)),
    "-beamsize": _option("-beamsize", _number(0.02, 0.2)),
    "-mosaic": _option("-mosaic", _number(-0.5, 2)),
    "-mosaic_domains": _option("-mosaic_domains", _whole(-1, 4)),
    "-mosaic_seed": _option("-mosaic_seed", _whole(-5, 99)),
    "-dispersion": _option("-dispersion", _number(-1, 5)),
    "-dispsteps": _option("-dispsteps", _whole(0, 3)),
    "-divergence": _option("-divergence", _number(0, 9)),
    "-hdivrange": _option("-hdivrange", _number(-1, 9)),
    "-vdivrange": _option("-vdivrange", _number(0, 9)),
    "-hdivstep": _option("-hdivstep", _number(2, 6)),
    "-vdivstep": _option("-vdivstep", _number(2, 6)),
    "-hdivsteps": _option("-hdivsteps", _whole(0, 4)),
    "-vdivsteps": _option("-vdivsteps", _whole(0, 3)),
    "-divsteps": _option("-divsteps", _whole(1, 3)),
    "-adc": _option("-adc", _number(0, 60)),
    "-phi": _option("-phi", st.one_of(st.just("0"), _number(-20, 20))),
    "-osc": _option("-osc", st.one_of(st.just("0"), _number(0, 20))),
    "-phistep": _option("-phistep", _number(0, 9)),
    "-phisteps": _option("-phisteps", _whole(0, 4)),
    "-dmin": _option("-dmin", _number(0, 40)),
    "-mat": st.just(["-mat", MATRIX]),
    "-hkl": st.just(["-hkl", HKL]),
    "-sourcefile": st.just(["-sourcefile", SOURCES]),
    "-img": st.just(["-img", IMAGE]),
    "-mask": st.just(["-mask", MASK]),
    "-scale": _option("-scale", _number(-1, 30)),
    "-pgmscale": _option("-pgmscale", _number(-1, 3)),
    "-fudge": _option("-fudge", _number(0.3, 2)),
    "-seed": _option("-seed", _whole(-3, 99)),
    "-water": _option("-water", _number(0, 3)),
    "-MW": _option("-MW", _whole(1, 9)),
    "-density": _option("-density", _number(0, 2)),
}  # fmt: skip
"""One strategy per option; values stay where a run takes milliseconds."""


@st.composite
def command_lines(draw: st.DrawFn, most: int = 9) -> list[str]:
    """A small experiment with up to `most` random options in random order around it."""
    edges = draw(st.sampled_from([["100"] * 3, ["70", "80", "90"], ["40", "65", "52.5"]]))
    angles = draw(st.sampled_from([["90"] * 3, ["75", "85", "95"], ["90", "90", "120"], ["60"] * 3, []]))
    names = draw(st.lists(st.sampled_from(sorted(OPTIONS)), max_size=most, unique=True))
    chosen = [draw(OPTIONS[name]) for name in names]
    base = [
        ["-cell", *edges, *angles],
        ["-default_F", draw(st.sampled_from(["100", "37.5"]))],
        ["-lambda", draw(st.sampled_from(["1", "1.5", "6.2"]))],
        ["-distance", draw(st.sampled_from(["50", "100"]))],
        ["-detpixels", draw(_whole(5, 10))],
    ]
    if "-misset random" in names:
        base.append(["-misset_seed", draw(_whole(-3, 9))])
    order = draw(st.permutations([["-seed", "7"], *base, *chosen]))
    return [word for option in order for word in option]


def ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 values lie between `a` and `b`, element by element; 0 where both are NaN."""

    def ordered(x: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(x, dtype=np.float32).view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)

    both_nan = np.isnan(a) & np.isnan(b)
    return np.where(both_nan, 0, np.abs(ordered(a) - ordered(b)))


_LINE = re.compile(r"TRACE_(?:C|PY): (\w+) (.*)")


def pixel_records(text: str) -> list[tuple[str, list[float]]]:
    """The per-pixel trace lines of a log as (name, numbers), in order."""
    found = (_LINE.search(line) for line in text.splitlines())
    return [(m.group(1), [float(word) for word in m.group(2).split()]) for m in found if m is not None]


def disagreement(ours: Sequence[float], theirs: Sequence[float], relative: float) -> float:
    """Largest difference over the scale (a vector's length), in units of `relative`; 0 where both are NaN."""
    scale = math.hypot(*(x for x in theirs if math.isfinite(x))) or 1.0
    worst = 0.0
    for x, y in zip(ours, theirs, strict=True):
        same = x == y or (math.isnan(x) and math.isnan(y))
        worst = max(worst, 0.0 if same else abs(x - y) / (scale * relative))
    return worst
