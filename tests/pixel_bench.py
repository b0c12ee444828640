"""The pixel bench: how many pixels must be traced until every planted origin has been named? (docs/image-verdict.md)

    python tests/pixel_bench.py                 every fault of the fault bench once, and pairs, chosen from two images
    python tests/pixel_bench.py --stores        the same pairs, one pixel per cluster of two stores
    python tests/pixel_bench.py --sample 20     every so many-th fault only
    python tests/pixel_bench.py --pairs 60 --seed 7

The detectors of the fault bench's lines are made larger. The reference's image is that of the C program, both are float32 as programs write
them. `costly_pixels` chooses; each pixel is traced by both programs as `firstbad trace --pixel` does, and compared.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parent))

import fault_bench
import fault_runs as runs
import fault_score as score
import numpy as np
from fault_bench import Fault
from firstbad.bisect.axes.grafts import heal
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.graft_formulas import Formulas
from firstbad.tracer.image_read import Image, read_image
from firstbad.tracer.pixels import costly_pixels
from firstbad.tracer.store import open_store
from firstbad.tracer.store_judge import judge_stores
from firstbad.tracer.store_stream import read_stream
from planted import planted, sibling

MOST = 8
"""Pixels that are traced at most."""
SIZE = {"cubic": 128, "table": 96, "thick": 96, "triclinic": 128, "round": 96, "square_sum": 96}
"""Pixels along a side; 64 on lines with many steps."""
PAIRS, SEED = 60, 20261128
Pixel = tuple[int, int]


@dataclass(frozen=True)
class Search:
    """One case: the pixels that were offered, and after how many of them each fault had been named (0: never)."""

    line: str
    ids: tuple[str, ...]
    offered: int
    needed: tuple[int, ...]
    grafted: tuple[int, ...] = ()
    """The same where `firstbad graft` of both traces of a pixel counts as well: it names what lies behind other faults."""
    why: str = ""
    """Why it does not count: no image differs, or a program does not run."""


def last(needed: Sequence[int]) -> int:
    """Pixels until all are named; 0 where they never are."""
    return max(needed) if all(needed) else 0


class PixelBench:
    """Both programs on larger detectors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = fault_bench.Bench(folder, plain=False)

    def words(self, line: str) -> list[str]:
        """The arguments of a line with a larger detector."""
        words = list(self.bench.lines[line].args)
        size = SIZE.get(line, 64)
        for name, pixels in (("-detpixels", size), ("-detpixels_f", size + 8), ("-detpixels_s", size)):
            if name in words:
                words[words.index(name) + 1] = str(pixels)
        return [*words, "-nonoise", "-nopgm", "--trace-steps"]

    def shape(self, line: str) -> Pixel:
        """The detector's pixels along slow and fast."""
        size = SIZE.get(line, 64)
        return size, size + 8 if "-detpixels_f" in self.bench.lines[line].args else size

    def _c(self, line: str, *more: str) -> str:
        (self.folder / "Fdump.bin").unlink(missing_ok=True)
        words = [str(self.bench.c), *self.words(line), *more]
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def images(self, line: str, program: ModuleType) -> tuple[Image, Image]:
        """The reference's and the candidate's."""
        path = self.folder / f"c-{line}.bin"
        if not path.exists():
            self._c(line, "-floatfile", path.name)
        runs.run_torch(program, [*self.words(line), "-floatfile", "t.bin"], self.folder)
        return tuple(read_image(p, self.shape(line)) for p in (path, self.folder / "t.bin"))  # type: ignore[return-value]

    def named(self, line: str, program: ModuleType, pixel: Pixel) -> tuple[set[str], set[str]]:
        """What the comparison of both programs' traces of a pixel names, and what their graft does."""
        slow, fast = map(str, pixel)
        alone = ["-trace_pixel", slow, fast, "-roi", fast, fast, slow, slow]  # the other pixels are of no use here
        a, b = self._c(line, *alone), runs.run_torch(program, [*self.words(line), *alone], self.folder)
        pair = self.bench.read(a), self.bench.read(b)
        diff = compare(*pair, self.bench.catalogue)
        healing = heal(Formulas.of([pair], self.bench.catalogue), self.bench.catalogue)
        named = {finding.quantity for finding in score.findings(diff)}
        return named, named | {origin.name for origin in healing.origins} | healing.barred.keys()

    def search(self, line: str, faults: Sequence[Fault], *, stores: bool = False) -> Search:
        """Trace one pixel after the other until every fault has been named."""
        ids = tuple(f.id for f in faults)
        try:
            with planted(self.bench.sources, [f.edit for f in faults], self.folder) as program:
                pixels = self.clusters(line, program) if stores else self.costly(line, program)
                if not pixels:
                    return Search(line, ids, 0, (), why="the images agree")
                return Search(line, ids, len(pixels), *self._needed(line, faults, program, pixels))
        except (runs.FaultError, FirstbadError) as problem:
            return Search(line, ids, 0, (), why=str(problem))

    def costly(self, line: str, program: ModuleType) -> list[Pixel]:
        """The pixels that two images offer; none where the candidate's is the reference's but for float32."""
        reference, candidate = self.images(line, program)
        if np.allclose(reference, candidate, rtol=1e-6, atol=0, equal_nan=True):
            return []
        return [(p.slow, p.fast) for p in costly_pixels(reference, candidate, MOST)]

    def clusters(self, line: str, program: ModuleType) -> list[Pixel]:
        """The pixel beside each separate cause of two stores."""
        path = self.folder / f"c-{line}.zarr"
        if not path.exists():
            self._c(line, "--trace-pixels=all", "--trace-stream=bench.stream")
            read_stream(self.folder / "bench.stream", path)
        reference = open_store(path)
        many = sibling(program, "many")
        many.write_store(many.prepare(self.words(line), lambda _: reference.pixels), self.folder / "t.zarr")
        judged = judge_stores(reference, open_store(self.folder / "t.zarr"), self.bench.catalogue)
        return list(dict.fromkeys(pixel for _, _, pixel in judged.causes))[:MOST]

    def _needed(
        self, line: str, faults: Sequence[Fault], program: ModuleType, pixels: Sequence[Pixel]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        needed = [0] * len(faults), [0] * len(faults)
        for number, pixel in enumerate(pixels, 1):
            for counts, found in zip(needed, self.named(line, program, pixel), strict=True):
                for place, fault in enumerate(faults):
                    if not counts[place] and found & set(fault.expect):
                        counts[place] = number
            if all(needed[0]):
                break
        return tuple(needed[0]), tuple(needed[1])

    def singles(self, every: int) -> Iterator[tuple[str, list[Fault]]]:
        """Each fault on its first line."""
        for fault in fault_bench.faults("torch")[::every]:
            yield fault.lines[0], [fault]

    def pairs(self, count: int, seed: int) -> Iterator[tuple[str, list[Fault]]]:
        """Two faults at once with different origins, on a line of both."""
        chance, pool = random.Random(seed), fault_bench.faults("torch")
        while count:
            line = chance.choice(sorted(self.bench.lines))
            one, two = chance.sample([f for f in pool if line in f.lines], 2)
            if not set(one.expect) & set(two.expect) and one.before != two.before:
                count -= 1
                yield line, [one, two]


def table(searches: Sequence[Search]) -> list[str]:
    """How many cases needed how many pixels, by the comparison alone and with the graft."""
    valid = [s for s in searches if not s.why]
    both = [Counter(last(s.needed) for s in valid), Counter(last(s.grafted) for s in valid)]
    rows = [f"| {n} | {both[0][n]} | {both[1][n]} |" for n in sorted(both[0].keys() | both[1].keys()) if n]
    head = f"{len(valid)} cases; median {_median(both[0])}, with graft {_median(both[1])}; not counted {len(searches) - len(valid)}"
    never = f"| not within {MOST} | {both[0][0]} | {both[1][0]} |"
    return [head, "", "| pixels | diff | and graft |", "|---|---|---|", *rows, never]


def _median(counts: Counter[int]) -> str:
    """Of all cases, those that were never named last."""
    found = [n or np.inf for n in counts.elements()]
    return f"{np.median(found):g}" if found else "none"


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", action="store_true")
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pixel-bench-") as folder:
        bench = PixelBench(Path(folder))
        sets = {"one fault": bench.singles(chosen.sample), "two faults": bench.pairs(chosen.pairs, chosen.seed)}
        for title, cases in sets.items():
            searches = [bench.search(line, faults, stores=chosen.stores) for line, faults in cases]
            print(f"\n## {title}: ", *table(searches), sep="\n")
            for s in searches:
                if s.why or not last(s.needed):
                    print(
                        f"- {s.line} {'+'.join(s.ids)}: {s.why or f'{s.needed}, with graft {s.grafted} of {s.offered}'}"
                    )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
