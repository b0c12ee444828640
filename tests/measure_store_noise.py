"""Clean stores of many pixels against each other: how often is a quantity wrongly a cause (docs/noise.md)?

    python tests/measure_store_noise.py [--lines N] [--seed N] [--size N]

Every pixel of drawn command lines: the C program beside the torch simulator, and float64 beside float32.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import noise_lines
from firstbad.sim.many import prepare, write_store
from firstbad.tracer.catalogue import load
from firstbad.tracer.pixels import selected
from firstbad.tracer.store import Store, open_store
from firstbad.tracer.store_judge import judge_stores
from firstbad.tracer.store_stream import read_stream


@dataclass
class Pixels:
    """Clean pairs of one kind: pixels, those at which something was accused before and after the judge looked, and where."""

    pairs: int = 0
    pixels: int = 0
    screened: int = 0
    accused: Counter[str] = field(default_factory=Counter[str])
    lines: list[str] = field(default_factory=list[str])

    def add(self, words: Sequence[str], a: Store, b: Store) -> None:
        """Compare one pair."""
        diff = judge_stores(a, b, load())
        self.pairs += 1
        self.pixels += len(a)
        self.screened += diff.screened.diverging
        for names, count, pixel in diff.causes:
            self.accused.update(dict.fromkeys(names, count))
            self.lines.append(f"{' and '.join(names)} at {count}, such as {pixel}: {' '.join(words)}")


def clean(folder: Path, lines: int, seed: int, size: int) -> dict[str, Pixels]:
    """Stores of every pixel of drawn lines, compared."""
    chance, found = random.Random(seed), {"C and torch": Pixels(), "float64 and float32": Pixels()}
    (program,) = noise_lines.build(folder, ("plain",))
    noise_lines.inputs(folder)
    os.chdir(folder)
    for _ in range(lines):
        words = noise_lines.line(chance, size)
        ours, single = _simulated(folder / "a", words), _simulated(folder / "b", [*words, "--dtype", "float32"])
        found["C and torch"].add(words, _streamed(program, folder, words), ours)
        found["float64 and float32"].add(words, ours, single)
    return found


def _simulated(path: Path, words: list[str]) -> Store:
    Path("Fdump.bin").unlink(missing_ok=True)
    write_store(prepare(words, selected("all")), path)
    return open_store(path)


def _streamed(program: Path, folder: Path, words: list[str]) -> Store:
    (folder / "Fdump.bin").unlink(missing_ok=True)
    own = ["--trace-pixels=all", "--trace-stream=stream"]
    subprocess.run([str(program), *words, *own], cwd=folder, check=True, capture_output=True)
    read_stream(folder / "stream", folder / "c", {"side": "C", "args": " ".join(words)})
    return open_store(folder / "c")


def page(found: dict[str, Pixels]) -> Iterator[str]:
    """What it came to."""
    for kind, one in found.items():
        yield f"{kind}: {one.pairs} pairs, {one.pixels} pixels; accused in bulk {one.screened}, after the judge {dict(one.accused)}"
        yield from (f"  {line}" for line in one.lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=24)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--size", type=int, default=60)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="measure-stores-") as folder:
        print("\n".join(page(clean(Path(folder), chosen.lines, chosen.seed, chosen.size))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
