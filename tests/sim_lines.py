"""Random command lines over nanoBragg's whole option table, and how two runs of one are compared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from firstbad.sim.options import TABLE, Option
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
    (folder / "sparse.hkl").write_text("\n".join(rows[::7]))
    (folder / "real.hkl").write_text("\n".join([*rows[:300], "1 1 2.0 50", *rows[300:]]))
    (folder / "columns.hkl").write_text("0 0 0 100 5\n1 1 1 50 7\n-2 1 0 3e1 2\n")
    (folder / MATRIX).write_text("0.0065 0.0005 -0.0003\n-0.0004 0.0071 0.0006\n0.0002 -0.0007 0.0068\n")
    (folder / SOURCES).write_text("0 0 10 1.0 6.2e-10\n0.5 0.01 -10 2.0 6.3e-10\n-10 0.02 0.01\n")
    (folder / "odd.txt").write_bytes(b"-10,0:0.1;2\t1.4e-10 9\n  \n-10 0.2 0 1 1.5e-10\r\n-10 0.1 0 3 1.6e-10")
    (folder / "stol.txt").write_text("0 1\n0.1 2\n")
    (folder / "text.img").write_text("no image at all\n")
    _write_images(folder)


def _write_images(folder: Path) -> None:
    """A mask and an image, each with a header of 512 and of 1024 bytes."""
    words = np.ones((9, 11), dtype="<u2")
    words[2:4, :] = 0
    words[:, 5] = 0
    fields = (
        "DIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=11;\nSIZE2=9;\n"
        "PIXEL_SIZE=0.2;\nDISTANCE=150;\nWAVELENGTH=2;\nCLOSE_DISTANCE=120;\nBEAM_CENTER_X=0.9;\n"
        "BEAM_CENTER_Y=1.1;\nXDS_ORGX=5.5;\nXDS_ORGY=4.25;\nPHI=2;\nOSC_RANGE=1;\nTWOTHETA=12;\n}\f"
    )
    few = "DIM=2;\nSIZE1=11;\nSIZE2=9;\nPIXEL_SIZE=0.1;\nBEAM_CENTER_Y=0.4;\nDISTANCE=90;\n}\f"
    for name, data, size, text in (
        (MASK, words, 512, fields), (IMAGE, np.zeros_like(words), 512, fields), ("long.img", words, 1024, few)
    ):  # fmt: skip
        header = f"{{\nHEADER_BYTES={size};\n{text}".encode().ljust(size, b" ")
        (folder / name).write_bytes(header + data.tobytes())


def _number(low: float, high: float) -> st.SearchStrategy[str]:
    return st.floats(low, high, allow_nan=False).map(lambda x: f"{x:.5g}")


def _whole(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


_ANGLE = st.one_of(st.sampled_from(["0", "5", "-10"]), _number(-25, 25))
_SIZE = (_number(0, 4e-5),)
_PLACE = (_number(0, 2),)
_TURN = (_ANGLE,)
_AXIS = (st.one_of(st.sampled_from(["0", "1", "-1"]), _number(-1, 1)),) * 3
_PIXEL = (_whole(-1, 6), _whole(-1, 6))
_PLAIN = (_number(0, 2),)
_FILE = (st.sampled_from(["own1", "own2"]),)

VALUES: dict[str, tuple[st.SearchStrategy[str], ...]] = {
    "-Na": (_whole(0, 7),), "-Nb": (_whole(-1, 7),), "-Nc": (_whole(1, 7),), "-N": (_whole(1, 6),),
    "-cell": (_number(40, 110),) * 3,
    "-misset": (_ANGLE,) * 3, "-misset_seed": (_whole(-3, 9),),
    "-samplesize": _SIZE, "-sample_thick": _SIZE, "-sample_width": _SIZE, "-sample_heigh": _SIZE,
    "-density": _PLAIN, "-MW": _PLAIN, "-molec": _PLAIN,
    "-Xbeam": _PLACE, "-Ybeam": _PLACE, "-Xclose": _PLACE, "-Yclose": _PLACE,
    "-ORGX": (_number(0, 12),), "-ORGY": (_number(0, 12),),
    "-pivot": (st.sampled_from(["sample", "beam", "neither"]),),
    **dict.fromkeys(("-fdet_vector", "-sdet_vector", "-odet_vector", "-beam_vector", "-polar_vector", "-spindle_axis", "-twotheta_axis", "-pix0_vector"), _AXIS),
    "-distance": (_number(20, 200),), "-close_distance": (_number(20, 200),),
    "-detector_thick": (_number(0, 600),),
    "-detector_abs": (st.one_of(st.sampled_from(["inf", "0"]), _number(50, 900)),),
    "-detector_thicksteps": (_whole(-1, 4),),
    "-twotheta": _TURN, "-detector_rotx": _TURN, "-detector_roty": _TURN, "-detector_rotz": _TURN,
    "-detsize": (_number(0.5, 1.2),), "-detsize_f": (_number(0.5, 1.2),), "-detsize_s": (_number(0.5, 1.2),),
    "-detpixels": (_whole(4, 10),), "-detpixels_f": (_whole(4, 12),), "-detpixels_s": (_whole(4, 12),),
    "-pixel": (_number(0.08, 0.3),),
    "-polar": (st.one_of(st.sampled_from(["1", "0", "-1"]), _number(-1, 1)),),
    "-oversample": (_whole(0, 3),),
    "-roi": (_whole(-1, 3), _whole(4, 14), _whole(0, 3), _whole(-1, 14)),
    "-lambda": (_number(0.8, 6.5),), "-energy": (_number(2000, 13000),),
    "-fluence": (_number(1e27, 1e33),), "-flux": (_number(0, 1e25),), "-exposure": (_number(0, 3),),
    "-beamsize": (_number(0.02, 0.2),),
    "-mosaic": (_number(-0.5, 2),), "-mosaici": (_number(-0.5, 2),), "-mosaic_dom": (_whole(-1, 4),),
    "-mosaic_seed": (_whole(-5, 99),),
    "-dispersion": (_number(-1, 5),), "-dispsteps": (_whole(0, 3),),
    "-divergence": (_number(0, 9),), "-hdivrange": (_number(-1, 9),), "-vdivrange": (_number(0, 9),),
    "-hdivstep": (_number(2, 6),), "-vdivstep": (_number(2, 6),),
    "-hdivsteps": (_whole(0, 4),), "-vdivsteps": (_whole(0, 3),), "-divsteps": (_whole(1, 3),),
    "-adc": (_number(0, 60),),
    "-phi": (st.one_of(st.just("0"), _number(-20, 20)),), "-osc": (st.one_of(st.just("0"), _number(0, 20)),),
    "-phistep": (_number(0, 9),), "-phisteps": (_whole(0, 4),),
    "-dmin": (_number(0, 40),),
    "-mat": (st.sampled_from([MATRIX] * 9 + ["nothere.mat"]),),
    "-hkl": (st.sampled_from([HKL] * 6 + ["sparse.hkl", "real.hkl", "columns.hkl", "text.img"]),),
    "-default_F": (_number(0, 200),),
    "-img": (st.sampled_from([IMAGE, MASK, "long.img", "text.img"]),),
    "-mask": (st.sampled_from([MASK, MASK, IMAGE, "long.img", "text.img"]),),
    "-stolout": _FILE, "-stol": (st.just("stol.txt"),), "-4stol": (st.just("stol.txt"),),
    "-Q": (st.sampled_from(["stol.txt"] * 9 + ["nothere"]),),
    "-sourcefile": (st.sampled_from([SOURCES, SOURCES, "odd.txt"]),),
    "-dump": _FILE,
    "-floatfile": (st.just("f.bin"),), "-intfile": (st.just("i.img"),), "-pgmfile": (st.just("p.pgm"),),
    "-noisefile": (st.just("n.img"),),
    "-scale": (_number(-1, 30),), "-pgmscale": (_number(-1, 3),),
    "-fudge": (_number(0.3, 2),), "-seed": (_whole(-3, 99),), "-water": (_number(0, 3),),
    "-printout_pixel": _PIXEL, "-trace_pixel": _PIXEL,
}  # fmt: skip
"""The values of each option of the table that takes any, by its first spelling; a run of them takes milliseconds."""


@st.composite
def _spelled(draw: st.DrawFn, option: Option) -> list[str]:
    """One option of the table with values, in one of its spellings and sometimes in an odd one."""
    text = draw(st.sampled_from(option.texts))
    frame = draw(st.sampled_from(["{}"] * 16 + ["-{}", "{}s", "-my{}"]))
    values = VALUES.get(option.texts[0], ())
    if text == "-misset" and draw(st.booleans()):
        values = (st.just("random"),)
    return [frame.format(text), *(draw(value) for value in values)]


ODD = st.sampled_from([["stray"], ["-unknown", "3"], ["-7"], ["-quirk"]])
"""What is no option."""
CUT = st.sampled_from([[]] * 9 + [["-curved_det"], ["-lambda"], ["-roi", "1", "2"], ["-misset", "3"], ["-thicksteps"]])
"""Ends of a command line at which something is missing."""


@st.composite
def command_lines(draw: st.DrawFn, most: int = 9, quirks: str = "nanobragg") -> list[str]:
    """A small experiment with up to `most` random options in random order around it."""
    edges = draw(st.sampled_from([["100"] * 3, ["70", "80", "90"], ["40", "65", "52.5"]]))
    angles = draw(st.sampled_from([["90"] * 3, ["75", "85", "95"], ["90", "90", "120"], ["60"] * 3, []]))
    options = draw(st.lists(st.sampled_from(TABLE), max_size=most, unique_by=id))
    chosen = [draw(_spelled(option)) for option in options]
    base = [
        ["-cell", *edges, *angles],
        ["-default_F", draw(st.sampled_from(["100", "37.5"]))],
        ["-lambda", draw(st.sampled_from(["1", "1.5", "6.2"]))],
        ["-distance", draw(st.sampled_from(["50", "100"]))],
        ["-detpixels", draw(_whole(5, 10))],
        ["-misset_seed", draw(_whole(1, 9))],
    ]
    odd = [draw(ODD)] if draw(st.integers(0, 9)) == 9 else []
    order = draw(st.permutations([["-seed", "7"], *base, *chosen, *odd]))
    line = [word for option in order for word in option] + draw(CUT)
    own = [f"--quirks={quirks}"] if quirks != "nanobragg" else []
    return own + line + draw(st.sampled_from([[]] * 11 + [["--build=U"], ["--phi-records"], ["--trace-steps"]]))


def ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many float32 values lie between `a` and `b`, element by element; 0 where both are NaN."""

    def ordered(x: np.ndarray) -> np.ndarray:
        bits = np.ascontiguousarray(x, dtype=np.float32).view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)

    both_nan = np.isnan(a) & np.isnan(b)
    return np.where(both_nan, 0, np.abs(ordered(a) - ordered(b)))


_LINE = re.compile(r"TRACE_(?:C|PY): (\w+(?:\{[^}]*\})?) (.*)")
_OWN = re.compile(r"^(?:TRACE_(?:OPEN|SEAL)|TRACE_(?:C|PY): |nanoBragg |firstbad\.sim: |\d+% done|mmap\()")
_RANGE = re.compile(r"WARNING: out of range for three.*\n|WARNING: further warnings will not be printed! \n?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\b(?:nan|inf)\b")


_ODDBALL = re.compile(r"WARNING: oddball reciprocal cell angles:\n(?:(?:sin|cos)\(\w+\) += \S+\n){6}")


def console_lines(text: str) -> list[str]:
    """What a run prints, without banner, meter and pixel records; the warning that is glued to others left out."""
    lines = _ODDBALL.sub(_unless_rounding, _RANGE.sub("", text.replace("TRACE_PY", "TRACE_C"))).splitlines()
    said = [line for line in lines if not _OWN.match(line)]
    # C reads headers before it opens its trace, and prints pixel by pixel, -printout between
    return sorted(said, key=lambda line: line.startswith("TRACE_C_PHI") - line.startswith("TRACE_INPUT"))


def _unless_rounding(block: re.Match[str]) -> str:
    """The warning that a sine is above 1; nothing where rounding alone puts it there, of one program and not the other."""
    sines = re.findall(r"sin\(\w+\) += (\S+)", block.group())
    return block.group() if max(map(float, sines)) > 1 + 1e-12 else ""


def numbers(line: str) -> tuple[str, list[float]]:
    """A line with its numbers taken out, and the numbers."""
    return _NUMBER.sub("#", line), [float(word) for word in _NUMBER.findall(line)]


def pixel_records(text: str) -> list[tuple[str, list[float]]]:
    """The per-pixel trace lines of a log as (name with its scope, numbers), in order."""
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
