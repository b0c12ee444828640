"""What the measured noise is worth (docs/noise.md), on drawn command lines that the table has not seen:

python tests/measure_noise.py alarms            pairs of clean runs: how often is a quantity wrongly an origin?
python tests/measure_noise.py smallest          the smallest planted relative error that is named, per quantity
python tests/measure_noise.py moved             does moving last bits move what depends on them, up and down?
… [--lines N] [--seed N] [--json FILE]          other lines; every number
… [--first]                                     traces of the first source, phi step and domain alone, as without --trace-steps
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import noise_lines
from fault_runs import read
from firstbad.sim import program
from firstbad.tracer.calibrate import last_bit
from firstbad.tracer.catalogue import Catalogue, load
from firstbad.tracer.diff import Case, Role, compare
from firstbad.tracer.model import Trace
from firstbad.tracer.selftest import Fault, plant
from firstbad.tracer.uncertain import EPSILON, FLOAT32
from firstbad.tracer.view import HEADROOM

SEED = 20261125
SINGLE = ("--dtype", "float32")
OTHERWISE = ("--tile", "3", "--threads", "2")


class Programs:
    """Both simulators in a folder that holds the builds of the C program and the files that lines name."""

    def __init__(
        self, folder: Path, builds: tuple[str, ...] = tuple(noise_lines.BUILDS), *, steps: bool = True
    ) -> None:
        self.folder, self.steps = folder, ["--trace-steps"] if steps else []
        self.builds = {path.name: path for path in noise_lines.build(folder, builds)}
        noise_lines.inputs(folder)

    def c(self, build: str, words: Sequence[str]) -> Trace:
        """The trace that a build of the C program prints."""
        (self.folder / "Fdump.bin").unlink(missing_ok=True)
        command = [str(self.builds[build]), *words, *self.steps]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=True, timeout=60)
        return read(done.stdout.decode("utf-8", errors="replace"), build, self.folder)

    def sim(self, words: Sequence[str], *own: str) -> Trace:
        """The trace that the torch simulator prints, run in this process."""
        (self.folder / "Fdump.bin").unlink(missing_ok=True)
        out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = program.main([*words, *self.steps, "--threads", "1", *own])
        finally:
            os.chdir(here)
        assert status == 0, err.getvalue()
        return read(out.getvalue(), "sim", self.folder)


def drawn(lines: int, seed: int, pixels: int) -> Iterator[list[str]]:
    """Command lines with a pixel each; each line comes with several pixels."""
    chance = random.Random(seed)
    for _ in range(lines):
        words = noise_lines.line(chance)
        for _ in range(pixels):
            yield [*words, *noise_lines.pixel(chance)]


def moved(words: Sequence[str], seed: int, dtype: str = "float64") -> list[str]:
    """The words with the last bits of their decimals moved."""
    return last_bit(" ".join(words), seed, dtype).split()


# ---- clean pairs -----------------------------------------------------------------------------------------------------


@dataclass
class Alarms:
    """Clean pairs of one dtype: how many hold each quantity, and in how many it is named."""

    pairs: Counter[str] = field(default_factory=Counter[str])
    held: Counter[str] = field(default_factory=Counter[str])
    named: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    healed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    flipped: int = 0

    def add(self, kind: str, words: Sequence[str], a: Trace, b: Trace, catalogue: Catalogue) -> None:
        """Judge one pair."""
        diff = compare(a, b, catalogue)
        self.pairs[kind] += 1
        self.held.update({one.quantity for one in diff.judged if one.both})
        self.flipped += bool(diff.flipped)
        for names, findings in ((self.named, diff.origins), (self.healed, diff.healed)):
            for one in findings:
                names.setdefault(one.quantity, []).append(f"{kind}: {' '.join(words)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "pairs": dict(self.pairs),
            "quantities": len(self.held),
            "named": self.named,
            "healed": self.healed,
            "flipped": self.flipped,
            "shares": {name: len(found) / self.held[name] for name, found in self.named.items()},
        }


def alarms(programs: Programs, lines: int, seed: int, pixels: int = 3) -> dict[str, Alarms]:
    """Clean pairs of runs of every kind, on drawn lines, for float64 and float32."""
    found = {"float64": Alarms(), "float32": Alarms()}
    catalogue = load()
    for number, words in enumerate(drawn(lines, seed, pixels)):
        plain = programs.c("plain", words)
        for dtype, pairs in (
            ("float64", _double(programs, words, number)),
            ("float32", _single(programs, words, number)),
        ):
            for kind, other in pairs:
                found[dtype].add(kind, words, plain, other, catalogue)
    return found


def _double(programs: Programs, words: Sequence[str], seed: int) -> Iterator[tuple[str, Trace]]:
    for build in programs.builds:
        if build != "plain":
            yield f"C {build}", programs.c(build, words)
        yield f"C {build}, last bits moved", programs.c(build, moved(words, seed))
    yield "torch", programs.sim(words)
    yield "torch, other tiles and threads", programs.sim(words, *OTHERWISE)
    yield "torch, last bits moved", programs.sim(moved(words, seed + 1))


def _single(programs: Programs, words: Sequence[str], seed: int) -> Iterator[tuple[str, Trace]]:
    yield "torch float32", programs.sim(words, *SINGLE)
    yield "torch float32, other tiles and threads", programs.sim(words, *SINGLE, *OTHERWISE)
    for more in range(6):
        words_moved = moved(words, seed + more, "float32")
        yield "torch float32, last bits moved", programs.sim(words_moved, *SINGLE, *(OTHERWISE if more % 2 else ()))


# ---- planted errors ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Smallest:
    """A quantity in one trace: the relative error that noise may make there, and the least planted one that is named."""

    quantity: str
    dtype: str
    floor: float
    named: float
    role: str

    @property
    def times(self) -> float:
        """How many times the floor must be exceeded."""
        return self.named / self.floor


def smallest(programs: Programs, lines: int, seed: int, names: Sequence[str] | None = None) -> Iterator[Smallest]:
    """For each quantity of each drawn line, in both dtypes: bisect the factor by which it is wrong."""
    catalogue = load()
    for words in drawn(lines, seed, 1):
        plain = programs.c("plain", words)
        for dtype, clean in (("float64", programs.sim(words)), ("float32", programs.sim(words, *SINGLE))):
            case = Case(plain, clean, catalogue)
            for name in names or sorted(case.b.groups):
                floor = _floor(case, name)
                if floor is not None:
                    yield _bisected(plain, clean, catalogue, name, dtype, floor)


def _floor(case: Case, name: str) -> float | None:
    """How far reruns showed the two sides to differ there at most, relative to the quantity's largest component.

    That is what they are granted without the headroom (at least a rounding each), and half the last digits printed. Of
    several records the least counts, since a factor is planted in all; None for words, zeros and decisions.
    """
    quantity = case.catalogue.get(name)
    if quantity is None or quantity.kind == "branch":
        return None
    found = [
        sum(
            max(n / HEADROOM + h for n, h in zip(view.noise(r), view.half(r), strict=True))
            for view, r in ((case.a, p.reference), (case.b, p.candidate))
        ) / max(map(abs, p.reference.numbers))
        for p in case.pairings
        if p.quantity == name and p.reference and p.candidate and any(p.reference.numbers)
    ]  # fmt: skip
    least = min(found, default=math.inf)
    return least if 0 < least < math.inf else None


def _bisected(plain: Trace, clean: Trace, catalogue: Catalogue, name: str, dtype: str, floor: float) -> Smallest:
    """Double the error until it is named, then halve the interval twice (to a fifth)."""
    low, high, role = 0.0, floor, ""
    while high < 1 and not (role := _named(plain, clean, catalogue, name, high)):
        low, high = high, 2 * high
    if not role:
        return Smallest(name, dtype, floor, math.inf, "not named")
    for _ in range(2):
        middle = math.sqrt(low * high) if low else high / 2
        told = _named(plain, clean, catalogue, name, middle)
        low, high, role = (low, middle, told) if told else (middle, high, role)
    return Smallest(name, dtype, floor, high, role)


def _named(plain: Trace, clean: Trace, catalogue: Catalogue, name: str, error: float) -> str:
    """The role in which the diff names the quantity, wrong by `error`; "" where it does not."""
    fault = Fault("planted", lambda values: tuple(v * (1 + error) for v in values) if any(values) else None)
    bad, _ = plant(clean, catalogue, name, fault)
    if bad is None:
        return ""
    diff = compare(plain, bad, catalogue)
    for role, findings in ((Role.ORIGIN, diff.origins), (Role.HEALED, diff.healed)):
        if any(one.quantity == name for one in findings):
            return str(role)
    return str(Role.CONFIG) if any(one.name == name for one in diff.config) else ""


# ---- moved last bits ---------------------------------------------------------------------------------------------------


@dataclass
class Moved:
    """Values that depend on decimals of the command line, and those that moving last bits moved; by dtype."""

    values: int = 0
    any: int = 0
    both: int = 0
    arguments: int = 0
    up: int = 0
    down: int = 0
    still: Counter[str] = field(default_factory=Counter[str])
    """Quantities with values that never moved, and how many."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "still": dict(self.still.most_common())}


def moving(programs: Programs, lines: int, seed: int, runs: int = 32) -> dict[str, Moved]:
    """A value should move if it does so clearly where each decimal is moved by a thousand last bits."""
    found = {"float64": Moved(), "float32": Moved()}
    for words in drawn(lines, seed, 1):
        for dtype, own in (("float64", ()), ("float32", SINGLE)):
            plain = _values(programs.sim(words, *own))
            far = [_values(programs.sim(_far(words, s, dtype), *own)) for s in range(4)]
            near = [_values(programs.sim(moved(words, s, dtype), *own)) for s in range(runs)]
            _count_moved(found[dtype], plain, far, near, EPSILON if dtype == "float64" else FLOAT32)
            _count_arguments(found[dtype], words, runs, dtype)
    return found


def _far(words: Sequence[str], seed: int, dtype: str) -> list[str]:
    """Each decimal moved by a thousand last bits, up or down."""
    near = moved(words, seed, dtype)
    return [a if a == b else repr(float(a) + 1000 * (float(b) - float(a))) for a, b in zip(words, near, strict=True)]


def _values(trace: Trace) -> dict[tuple[str, int, int], float]:
    """Numbers with many digits, by quantity, occurrence and component."""
    return {
        (r.quantity + str(r.scope), r.occurrence, i): float(v)
        for r in trace.records
        if r.prefix == "TRACE_PY"
        for i, v in enumerate(r.values)
        if not isinstance(v, str)
    }


def _count_moved(
    found: Moved,
    plain: Mapping[tuple[str, int, int], float],
    far: Sequence[Mapping[tuple[str, int, int], float]],
    near: Sequence[Mapping[tuple[str, int, int], float]],
    epsilon: float,
) -> None:
    for key, value in plain.items():
        if not all(abs(one.get(key, value) - value) > 100 * epsilon * abs(value) for one in far):
            continue
        signs = {math.copysign(1, one[key] - value) for one in near if key in one and one[key] != value}
        found.values += 1
        found.any += bool(signs)
        found.both += len(signs) == 2
        if len(signs) < 2:
            found.still[key[0].partition("(")[0]] += 1


def _count_arguments(found: Moved, words: Sequence[str], runs: int, dtype: str) -> None:
    """Each decimal must be another number of that dtype in each run, above in one half and below in the other."""
    for seed in range(runs):
        for a, b in zip(words, moved(words, seed, dtype), strict=True):
            if a != b:
                found.arguments += 1
                found.up += float(b) > float(a)
                found.down += float(b) < float(a)


# ---- pages -------------------------------------------------------------------------------------------------------------


def _alarm_page(found: Mapping[str, Alarms]) -> Iterator[str]:
    for dtype, one in found.items():
        total = one.pairs.total()
        yield f"{dtype}: {total} clean pairs, {len(one.held)} quantities; a decision flipped in {one.flipped}"
        yield "  " + "; ".join(f"{kind} {count}" for kind, count in one.pairs.items())
        for what, names in (("origin", one.named), ("healed", one.healed)):
            yield f"  wrongly {what}: " + (
                ", ".join(f"{n} {len(w)} of {one.held[n]}" for n, w in names.items()) or "none"
            )


def _smallest_page(found: Sequence[Smallest]) -> Iterator[str]:
    rows: dict[tuple[str, str], list[Smallest]] = {}
    for one in found:
        rows.setdefault((one.quantity, one.dtype), []).append(one)
    for (name, dtype), told in sorted(rows.items()):
        floor, named, times = (statistics.median(getattr(t, key) for t in told) for key in ("floor", "named", "times"))
        worst = max(t.times for t in told)
        roles = " ".join(sorted({t.role for t in told}))
        yield f"| {name} | {dtype} | {len(told)} | {floor:.1e} | {named:.1e} | {times:.1f} | {worst:.1f} | {roles} |"
    for dtype in ("float64", "float32"):
        times = [t.times for t in found if t.dtype == dtype]
        ten = sum(t <= 10 for t in times)
        yield f"{dtype}: {ten} of {len(times)} within ten times the floor, median {statistics.median(times):.1f}"


def _moved_page(found: Mapping[str, Moved]) -> Iterator[str]:
    for dtype, one in found.items():
        yield f"{dtype}: arguments moved {one.arguments}: up {one.up}, down {one.down}"
        yield f"  values {one.values}: moved {one.any / one.values:.2%}, both ways {one.both / one.values:.2%}"
        yield f"  not both ways: {dict(one.still.most_common(12))}"


def main() -> int:
    """Measure one thing and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("alarms", "smallest", "moved"))
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--first", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="measure-noise-") as folder:
        programs = Programs(Path(folder), steps=not chosen.first)
        data: Any
        if chosen.what == "alarms":
            told = alarms(programs, chosen.lines or 45, chosen.seed)
            page, data = _alarm_page(told), {dtype: one.as_dict() for dtype, one in told.items()}
        elif chosen.what == "smallest":
            named = list(smallest(programs, chosen.lines or 2, chosen.seed))
            page, data = _smallest_page(named), [vars(one) | {"times": one.times} for one in named]
        else:
            bits = moving(programs, chosen.lines or 12, chosen.seed)
            page, data = _moved_page(bits), {dtype: one.as_dict() for dtype, one in bits.items()}
        print("\n".join(page))
    if chosen.json:
        chosen.json.write_text(json.dumps(data, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
