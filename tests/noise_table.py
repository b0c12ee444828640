"""Measure the noise table that is shipped beside nanobragg.toml:

    python tests/noise_table.py [--cases 24] [--seed 20261124] [--out tracer/nanobragg.noise.toml]

Draws command lines (none of the fault bench's) and hands them to `firstbad calibrate` with the two simulators in
variants that are all right: extended precision, reassociated sums, tiles, threads, float32, inputs moved by a last bit.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from pathlib import Path

from firstbad.ui.cli import main as firstbad

ROOT = Path(__file__).parents[1]
RUNS = (
    "{python} -m firstbad.ui reference {args}",
    "{python} -m firstbad.ui sim {args}",
    "{python} -m firstbad.ui sim --dtype float32 {args}",
    "env 'CC=cc -mfpmath=387' {python} -m firstbad.ui reference {args}",
    "env 'CC=cc -O2 -ffast-math -fno-finite-math-only' {python} -m firstbad.ui reference {args}",
    "{python} -m firstbad.ui sim --tile 3 --threads 2 {args}",
    "{python} -m firstbad.ui sim --dtype float32 --tile 3 --threads 2 {args}",
)


def case(chance: random.Random) -> str:
    """One experiment on a small detector; real inputs are written as decimals, so that their last bit can be moved."""

    def real(low: float, high: float) -> str:
        return repr(round(chance.uniform(low, high), 4))

    angles = chance.choice([("90.0", "90.0", "90.0"), ("75.5", "85.25", "95.125"), ("90.0", "90.0", "120.0")])
    size = chance.randint(8, 20)
    words = ["-cell", *(real(40, 120) for _ in range(3)), *angles, "-default_F", real(1, 200)]
    words += [w for axis in "abc" for w in (f"-N{axis}", str(chance.randint(2, 9)))]
    words += ["-lambda", real(0.8, 6.5), "-distance", real(30, 250), "-detpixels", str(size), "-pixel", real(0.08, 0.4)]
    words += ["-misset", *(real(-40, 40) for _ in range(3))]
    words += ["-trace_pixel", str(chance.randrange(size)), str(chance.randrange(size)), "-nonoise", "-nopgm"]
    some = [
        ["-detector_rotx", real(-20, 20), "-detector_roty", real(-20, 20), "-detector_rotz", real(-20, 20)],
        ["-twotheta", real(-25, 25)],
        ["-phi", real(-20, 20), "-osc", real(0.1, 5), "-phisteps", str(chance.randint(2, 4))],
        ["-mosaic", real(0.1, 2), "-mosaic_domains", str(chance.randint(2, 4)), "-mosaic_seed", str(chance.randint(1, 99))],
        ["-detector_thick", real(50, 500), "-detector_abs", real(100, 600), "-thicksteps", str(chance.randint(2, 3))],
        ["-hdivrange", real(1, 8), "-hdivsteps", "2", "-vdivrange", real(1, 8), "-vdivsteps", "2"],
        ["-dispersion", real(0.5, 4), "-dispsteps", "2"],
        ["-oversample", str(chance.randint(1, 3))],
        ["-polar", real(-1, 1)],
        ["-nopolar"],
        ["-oversample_omega"],
        ["-water", real(5, 50)],
        [chance.choice(["-gauss_xtal", "-round_xtal", "-tophat_xtal"]), "-fudge", real(0.5, 1.5)],
        [chance.choice(["-xds", "-denzo", "-adxv", "-dials"])],
        ["-fluence", real(1, 9) + "e28"],
        ["-curved_det"],
    ]  # fmt: skip
    return " ".join([*words, *(w for group in chance.sample(some, chance.randint(1, 5)) for w in group), "-seed", "7"])


def main() -> int:
    """Draw the cases and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--out", type=Path, default=ROOT / "tracer" / "nanobragg.noise.toml")
    chosen = parser.parse_args()
    chance, out = random.Random(chosen.seed), chosen.out.resolve()
    with tempfile.TemporaryDirectory(prefix="noise-table-") as folder:
        os.chdir(folder)  # the runs start in copies of this directory
        Path("cases.txt").write_text("".join(case(chance) + "\n" for _ in range(chosen.cases)))
        runs = [word for command in RUNS for word in ("--run", command)]
        words = [
            "--cases",
            "cases.txt",
            "--last-bit",
            str(len(RUNS)),
            "--warm",
            "torch",
            "--timeout",
            "30",
            "--out",
            str(out),
        ]
        return firstbad(["calibrate", *runs, *words])


if __name__ == "__main__":
    raise SystemExit(main())
