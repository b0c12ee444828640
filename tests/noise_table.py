"""Measure the noise table that is shipped beside nanobragg.toml:

    python tests/noise_table.py [--lines 48] [--seed 20261124] [--out tracer/nanobragg.noise.toml]

Draws command lines (none of the fault bench's) and hands them to `firstbad calibrate` with the two simulators in
variants that are all right (noise_lines.py): extended precision, reassociated sums, fused multiply-add, tiles, threads,
float32, inputs moved by a last bit. Every step is traced, so that sums are whole. Some ten minutes on one core.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import noise_lines
from firstbad.ui.cli import main as firstbad

ROOT = Path(__file__).parents[1]
SIM = "{python} -m firstbad.ui sim --trace-steps "
RUNS = (
    *(f"./{name} --trace-steps {{args}}" for name in noise_lines.BUILDS),
    SIM + "{args}",
    SIM + "--tile 3 --threads 2 {args}",
    SIM + "--dtype float32 {args}",
    SIM + "--dtype float32 --tile 3 --threads 2 {args}",
)
WARM = (
    "torch",
    *(f"firstbad.sim.{name}" for name in ("program", "compiled", "resolve", "images", "tracing", "console")),
)


def calibrate(folder: Path, lines: int, seed: int, out: Path) -> int:
    """Draw so many lines and measure in `folder`, which is empty; gives the command's exit status."""
    chance = random.Random(seed)
    os.chdir(folder)  # the runs start in copies of this directory
    noise_lines.build(folder)
    noise_lines.inputs(folder)
    cases = (" ".join([*noise_lines.line(chance), *noise_lines.pixel(chance)]) for _ in range(lines))
    Path("cases.txt").write_text("\n".join(cases) + "\n")
    runs = [word for command in RUNS for word in ("--run", command)]
    words = ["--cases", "cases.txt", "--last-bit", str(2 * len(RUNS)), "--warm", ",".join(WARM), "--timeout", "60"]
    return firstbad(["calibrate", *runs, *words, "--out", str(out)])


def main() -> int:
    """Draw the lines and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=48)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--out", type=Path, default=ROOT / "tracer" / "nanobragg.noise.toml")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="noise-table-") as folder:
        return calibrate(Path(folder), chosen.lines, chosen.seed, chosen.out.resolve())


if __name__ == "__main__":
    raise SystemExit(main())
