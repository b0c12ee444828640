"""Make the recorded pairs of golden/ and incident/ anew: the C reference and the torch simulator, as a user runs them.

    python traces/make.py              all of them
    python traces/make.py incident     those whose folder's path holds this word
    python traces/make.py --out DIR    beside the recorded ones, to compare

The runs of parity/ are those of the real program and cannot be made here; README.md tells where they come from.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SIDES = ("reference", "candidate")
COMMANDS = {"reference": "reference", "candidate": "sim"}


@dataclass(frozen=True)
class Pair:
    """One recorded pair: where it lies, its arguments, and those of an earlier run in the reference's directory."""

    folder: str
    args: str
    before: str = ""


CRYSTAL = "-cell 70 80 90 75 85 95 -misset 10 20 30 -Na 6 -Nb 5 -Nc 4 -lambda 1.5 -distance 100"
PIXEL = "-detpixels 64 -pixel 0.4 -seed 1 -nonoise -nopgm -noprogress -oversample 1 -trace_pixel 20 30"
PAIRS = (
    Pair("golden/triclinic", f"{CRYSTAL} -default_F 100 {PIXEL}"),
    Pair("golden/steps", f"{CRYSTAL} -default_F 100 {PIXEL} -phi 5 -osc 2 -phisteps 2 -mosaic 0.3 -mosaic_domains 2 "
         "-dispersion 2 -dispsteps 2 --trace-steps"),
    Pair("golden/table", f"{CRYSTAL} -hkl P1.hkl -interpolate {PIXEL} -twotheta 10"),
    Pair("incident", f"{CRYSTAL} -default_F 100 {PIXEL}", before=f"{CRYSTAL} -hkl P1.hkl -detpixels 4 -nonoise -nopgm"),
)  # fmt: skip


def table() -> str:
    """Structure factors of 15 x 15 x 15 reflections; no two neighbours are alike."""
    whole = range(-7, 8)
    indices = itertools.product(whole, whole, whole)
    return "".join(f"{h} {k} {m} {10 + 11.5 * ((7 * h + 13 * k + 29 * m) % 17):g}\n" for h, k, m in indices)


def run(side: str, args: str, folder: Path) -> bytes:
    """What one program prints, on one thread."""
    command = [sys.executable, "-m", "firstbad.ui", COMMANDS[side], *shlex.split(args)]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, check=True
    ).stdout


def make(pair: Pair, out: Path) -> None:
    """Both logs and `argv.txt`, each side in a directory of its own; what went before lies in the reference's alone."""
    target = out / pair.folder
    target.mkdir(parents=True, exist_ok=True)
    (target / "argv.txt").write_text(pair.args + "\n")
    for side in SIDES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "P1.hkl").write_text(table())
            if pair.before and side == "reference":
                run(side, pair.before, folder)
            (target / f"{side}.log").write_bytes(run(side, pair.args, folder))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="", help="only the pairs whose folder holds it")
    parser.add_argument("--out", type=Path, default=HERE)
    asked = parser.parse_args()
    for pair in PAIRS:
        if asked.word in pair.folder:
            make(pair, asked.out)
            print(asked.out / pair.folder)


if __name__ == "__main__":
    main()
