"""The graft bench: planted faults, one to five at once, against `firstbad graft`: are all their origins named, and is what heals foretold?

    python tests/graft_bench.py                 the whole bench, as a table (docs/stores.md)
    python tests/graft_bench.py --cases 3       so many cases of each number of faults (20)
    python tests/graft_bench.py --seed 7        other cases than those of the table
    python tests/graft_bench.py --only traces   one way: rerun, stores, traces
    python tests/graft_bench.py --faults 2      so many at once only

A case is a command line of the fault bench and some of its faults in the torch simulator, no two with an origin in common. The reference is
the clean C program. What the right origins are is found without firstbad's judge: what a fault alone changes, bit for bit, at pixels where
nothing that it comes from changes. What a repair heals is found by repairing: the program runs with the other faults only.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import fault_bench
import fault_runs as runs
import fault_score as score
import numpy as np
from fault_bench import Fault
from firstbad.bisect.axes.grafts import Grafts, Healing, heal
from firstbad.sim.grafted import BESIDE
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.graft import healed_fraction, image_error
from firstbad.tracer.graft_formulas import Formulas
from firstbad.tracer.store import Array, Store, is_missing, open_store
from firstbad.tracer.store_stream import read_stream
from planted import planted, sibling

WAYS = ("rerun", "stores", "traces")
NUMBERS = (1, 2, 3, 5)
CASES, SEED = 20, 20261128
KEPT = 24
"""Runs whose columns are kept in memory: those of one case, and the clean ones."""
LEAST = 1e-6
"""Faults that change the image by less than this part of its sum leave nothing to heal."""
SET_UP = frozenset(
    ("pix0_vector_meters", "fdet_vec", "sdet_vec", "close_distance_meters", "incident_vec", "lambda_meters", "fluence_photons_per_m2",
     "r_e_sqr", "steps", *(f"rot_{n}_angstroms" for n in "abc"), *(f"rot_{n}_star_A_inv" for n in "abc"))
)  # fmt: skip
"""Computed before the first pixel: in a rerun they come from no other tap, whatever the graph says of the numbers."""


class Share(NamedTuple):
    """What the repair of a fault heals, with that of those before it, where that is told; whether the graft is sure."""

    foretold: float
    real: float
    sure: bool

    @property
    def off(self) -> float:
        """By how much it was foretold wrongly: of the whole error, or of the share where the error grows manifold."""
        return abs(self.foretold - self.real) / max(1.0, abs(self.real))


@dataclass(frozen=True)
class Trial:
    """One case in one way: what should have been named, what was, how often the program ran, how well shares were foretold."""

    way: str
    number: int
    line: str
    ids: tuple[str, ...]
    wanted: frozenset[str]
    named: frozenset[str]
    idle: frozenset[str]
    healed: float
    runs: int
    shares: tuple[Share, ...]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    barred: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()
    """Named, and computed from an origin that cannot be replaced."""

    @property
    def missed(self) -> frozenset[str]:
        """Origins that were not named, not even as changing nothing or as not to be replaced."""
        return self.wanted - self.named - self.idle - self.barred

    @property
    def extra(self) -> frozenset[str]:
        """Quantities that were named and are neither origins nor stand for one."""
        return self.named - self.wanted - self.instead


@dataclass
class Edited:
    """What an edited simulator computes on a line at every pixel."""

    columns: dict[str, Array]
    image: Array


@dataclass
class GraftBench:
    """The clean programs, and what was computed with which faults."""

    folder: Path
    bench: fault_bench.Bench = field(init=False)
    _edited: dict[tuple[str, tuple[str, ...]], Edited] = field(default_factory=dict)
    _logs: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bench = fault_bench.Bench(self.folder, plain=False)
        known = self.bench.catalogue
        self.leading = known.ancestors("I_pixel_final") | {"I_pixel_final"}

    # ---- programs -----------------------------------------------------------------------------------------

    def words(self, line: str) -> list[str]:
        """The arguments of a line. Sampling is said, else a faulty crystal is sampled otherwise and nothing can be grafted."""
        words = [*self.bench.lines[line].args, "-nonoise", "-nopgm", "--trace-steps"]
        if "-oversample" not in words:
            subpixels = len(self.bench.read(self.bench.clean("c", line)).find("omega_pixel_sr"))
            words += ["-oversample", str(round(subpixels**0.5))]
        return words

    def reference(self, line: str) -> Store:
        """The clean C program's store of every pixel."""
        path = self.folder / f"c-{line}.zarr"
        if not path.exists():
            self._c(line, "--trace-pixels=all", "--trace-stream=bench.stream")
            read_stream(self.folder / "bench.stream", path)
        return open_store(path)

    def _no_cache(self) -> None:
        """Both programs leave a cache of structure factors that they would silently read on a line that names none."""
        (self.folder / "Fdump.bin").unlink(missing_ok=True)

    def _c(self, line: str, *more: str) -> str:
        self._no_cache()
        done = subprocess.run(
            [str(self.bench.c), *self.words(line), *more], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def traced(self, line: str) -> list[str]:
        """The words that trace the line's pixel in text."""
        return ["-trace_pixel", *map(str, self.bench.lines[line].pixel)]

    def planted(self, faults: Sequence[Fault]) -> AbstractContextManager[ModuleType]:
        """The `program` module of a simulator with faults; the input files lie where it runs."""
        self._no_cache()
        return planted(self.bench.sources, [f.edit for f in faults], self.folder)

    def edited(self, line: str, faults: Sequence[Fault]) -> Edited:
        """What the simulator with these faults computes."""
        key = line, tuple(sorted(f.id for f in faults))
        if key not in self._edited:
            while len(self._edited) >= KEPT:
                self._edited.pop(next(iter(self._edited)))
            with self.planted(faults) as program:
                many = self.prepared(program, line)
                many.steps = True
                blocks = list(many.columns())
                columns = {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}
            self._edited[key] = Edited(columns, columns["I_pixel_final"][:, 0, 0])
        return self._edited[key]

    def log(self, line: str, faults: Sequence[Fault]) -> str:
        """The text trace of the line's pixel by the simulator with these faults."""
        key = line, tuple(sorted(f.id for f in faults))
        if key not in self._logs:
            with self.planted(faults) as program:
                self._logs[key] = runs.run_torch(program, [*self.words(line), *self.traced(line)], self.folder)
        return self._logs[key]

    def prepared(self, program: ModuleType, line: str):
        """The run of a line in an edited copy, at the reference's pixels."""
        pixels = self.reference(line).pixels
        return sibling(program, "many").prepare(self.words(line), lambda _: pixels)

    # ---- what is right ------------------------------------------------------------------------------------

    def origins(self, way: str, line: str, fault: Fault, rows: Array | None = None) -> frozenset[str]:
        """What a fault alone changes although nothing that it comes from changes; empty where it changes too little."""
        if way == "traces":
            logs = (self.bench.read(self.log(line, some)) for some in ([], [fault]))
            return frozenset(score.first_changed(*logs, self.bench.catalogue)) & self.leading
        clean, bad = self.edited(line, []), self.edited(line, [fault])
        found = self._changed(clean, bad, rows, SET_UP if way == "rerun" else frozenset())
        return frozenset(found) & (self.leading - BESIDE if way == "rerun" else self.leading)

    def _changed(self, clean: Edited, bad: Edited, rows: Array | None, alone: frozenset[str]) -> Iterator[str]:
        chosen = slice(None) if rows is None else rows
        size = {n: _moved(c[chosen], bad.columns[n][chosen]) for n, c in clean.columns.items() if n in bad.columns}
        for name, moved in size.items():
            before = frozenset() if name in alone else self.bench.catalogue.ancestors(name)
            above = [size[p] > 0 for p in before if p in size]
            untouched = ~np.logical_or.reduce(above) if above else np.ones(len(moved), dtype=np.bool_)
            if ((moved > score.CHANGE) & untouched).any():
                yield name

    # ---- cases --------------------------------------------------------------------------------------------

    def cases(self, number: int, count: int, seed: int) -> Iterator[tuple[str, list[Fault]]]:
        """Lines with so many faults at once, no two of which have an origin in common."""
        chance, pool = random.Random(f"{seed} {number}"), fault_bench.faults("torch")
        lines, seen = sorted(self.bench.lines), set[tuple[str, tuple[str, ...]]]()
        while count:
            line = chance.choice(lines)
            faults = chance.sample([f for f in pool if line in f.lines], number)
            key = line, tuple(sorted(f.id for f in faults))
            if key not in seen and self._fit(line, faults):
                seen.add(key)
                count -= 1
                yield line, faults

    def _fit(self, line: str, faults: Sequence[Fault]) -> bool:
        try:
            found = [self.origins("rerun", line, fault) for fault in faults]
            texts = [self.origins("traces", line, fault) for fault in faults]
            if not all(found) or any(a & b for some in (found, texts) for a, b in itertools.combinations(some, 2)):
                return False
            clean, bad = self.edited(line, []), self.edited(line, faults)
        except (runs.FaultError, FirstbadError):
            return False  # two edits of one text, or a program that stops
        if any(bad.columns[n].shape != c.shape for n, c in clean.columns.items()):
            return False  # other steps: `firstbad graft` refuses
        wanted, got = clean.image, bad.image
        return image_error(wanted[:, None], got[:, None]) > LEAST * float(np.abs(wanted).sum())

    # ---- trials -------------------------------------------------------------------------------------------

    def trial(self, way: str, line: str, faults: Sequence[Fault]) -> Trial:
        """One case in one way."""
        begin = time.perf_counter()
        reference = self.reference(line)
        if way == "rerun":
            with self.planted(faults) as program:
                many = self.prepared(program, line)
                grafts = sibling(program, "grafted").Rerun(many, reference, self.bench.catalogue, self.folder)
                return self._told(way, line, faults, grafts, None, begin)
        if way == "stores":
            path = self.folder / "candidate.zarr"
            with self.planted(faults) as program:
                many = self.prepared(program, line)
                many.steps = True
                sibling(program, "many").write_store(many, path)
            grafts = Formulas.of_stores(reference, open_store(path), self.bench.catalogue)
            rows = np.array([reference.index(*place) for place in grafts.places])
            return self._told(way, line, faults, grafts, rows, begin)
        pair = self.bench.read(self._c(line, *self.traced(line))), self.bench.read(self.log(line, faults))
        slow, fast = self.bench.lines[line].pixel
        rows = np.array([reference.index(slow, fast)])
        return self._told(way, line, faults, Formulas.of([pair], self.bench.catalogue), rows, begin)

    def _told(
        self, way: str, line: str, faults: Sequence[Fault], grafts: Grafts, rows: Array | None, begin: float
    ) -> Trial:
        found = heal(grafts, self.bench.catalogue)
        spent = time.perf_counter() - begin
        by_fault = {f.id: self.origins(way, line, f, rows) for f in faults}
        notes = [f"{n}: {w}" for n, w in found.barred.items()]
        wanted, barred = frozenset().union(*by_fault.values()), frozenset(found.barred)
        named = frozenset(found.quantities)
        return Trial(
            way,
            len(faults),
            line,
            tuple(f.id for f in faults),
            wanted,
            named,
            frozenset(o.name for o in found.origins) - named,
            found.healed,
            found.runs,
            tuple(self._shares(line, faults, by_fault, grafts, found, rows)),
            tuple(notes),
            spent,
            barred,
            frozenset(n for n in named if self.bench.catalogue.ancestors(n) & barred),
        )

    def _shares(
        self,
        line: str,
        faults: Sequence[Fault],
        by_fault: dict[str, frozenset[str]],
        grafts: Grafts,
        found: Healing,
        rows: Array | None,
    ) -> Iterator[Share]:
        """For each fault: what its repair heals, together with that of the faults before it."""
        names = {o.name for o in found.origins}
        before = grafts.error(frozenset())
        for own in by_fault.values():
            above = frozenset().union(*(self.bench.catalogue.ancestors(n) for n in own)) & names
            replaced = frozenset(own & names) | above
            repaired = [f for f in faults if by_fault[f.id] and by_fault[f.id] <= replaced]
            covered = frozenset().union(*(by_fault[f.id] for f in repaired))
            if not own or not own <= names or covered != replaced or not before:
                continue
            left = [f for f in faults if f not in repaired]
            foretold, real = 1 - grafts.error(replaced) / before, self._repaired(line, faults, left, rows)
            if not math.isnan(foretold):  # else it is said that the share cannot be told
                yield Share(foretold, real, not grafts.unsure(replaced))

    def _repaired(self, line: str, faults: Sequence[Fault], left: Sequence[Fault], rows: Array | None) -> float:
        chosen = slice(None) if rows is None else rows
        images = (self.edited(line, some).image[chosen][:, None] for some in ((), faults, left))
        return healed_fraction(*images)


def _moved(a: Array, b: Array) -> Array:
    """By how much each pixel changed, relative to the vector; inf where a record came or went."""
    if a.shape != b.shape:
        return np.full(len(a), np.inf)
    gone = is_missing(a) != is_missing(b)
    x, y = (
        np.nan_to_num(a, nan=0.0, posinf=1e300, neginf=-1e300),
        np.nan_to_num(b, nan=0.0, posinf=1e300, neginf=-1e300),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        off_by, size = np.abs(x - y).max(axis=2), np.maximum(np.abs(x), np.abs(y)).max(axis=2)
    nan = (np.isnan(a) != np.isnan(b)).any(axis=2)
    return np.where(gone.any(axis=2) | nan, np.inf, off_by / np.where(size == 0, 1.0, size)).max(axis=1)


def row(trials: Sequence[Trial]) -> list[str]:
    """The scores of some trials."""
    shares = [share for t in trials for share in t.shares]
    wanted, missed = sum(len(t.wanted) for t in trials), sum(len(t.missed) for t in trials)
    return [
        str(len(trials)),
        score.share(wanted - missed, wanted),
        score.share(sum(not t.missed and not t.extra for t in trials), len(trials)),
        str(sum(len(t.extra) for t in trials)),
        score.share(sum(t.healed >= 0.999 for t in trials), len(trials)),
        f"{np.median([t.runs for t in trials]):g}, at most {max(t.runs for t in trials)}",
        _within([s for s in shares if s.sure]),
        _within([s for s in shares if not s.sure]),
    ]


def _within(shares: Sequence[Share]) -> str:
    told = score.share(sum(s.off <= 0.01 for s in shares), len(shares))
    return told + (f", worst {max(s.off for s in shares):.2g}" if shares else "")


HEAD = ("way", "faults", "cases", "origins named", "exactly those", "named wrongly", "healed", "runs",
        "shares within 1 %, sure", "the same, about")  # fmt: skip


def main() -> int:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--faults", type=int, choices=NUMBERS, action="append")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-bench-") as folder:
        bench = GraftBench(Path(folder))
        trials = list[Trial]()
        for number in chosen.faults or NUMBERS:
            for line, faults in bench.cases(number, chosen.cases, chosen.seed):
                trials += [bench.trial(way, line, faults) for way in chosen.only or WAYS]
            print(f"{number} at once: {len(trials)} trials done", file=sys.stderr, flush=True)
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|")
    for way in chosen.only or WAYS:
        for number in chosen.faults or NUMBERS:
            some = [t for t in trials if (t.way, t.number) == (way, number)]
            print(f"| {way} | {number} | " + " | ".join(row(some)) + " |")
    print()
    for t in trials:
        if t.missed or t.extra or t.healed < 0.999 or any(s.sure and s.off > 0.01 for s in t.shares):
            wrong = [f"{s.foretold:.4g} for {s.real:.4g}" for s in t.shares if s.sure and s.off > 0.01]
            print(f"- {t.way} {t.line} {'+'.join(t.ids)}: missed {sorted(t.missed)}, extra {sorted(t.extra)}, "
                  f"healed {t.healed:.4g}, sure shares {wrong}; {'; '.join(t.notes)}")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
