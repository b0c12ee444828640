"""Decisions near a tie: wavelengths at which an index is a half, so that two correct programs may round it to either side.

The wavelength of a command line is tuned until one component of `hkl_frac` is a whole number and a half to the last bit;
around it the reference runs beside another build of itself and beside torch in float32. Where they decide differently,
that is a flip: nobody's fault, to be named as one, with nothing accused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fault_runs as runs
from firstbad.sim import program, reference
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.model import Trace

OTHER_BUILD = ("-O3", "-march=native", "-ffp-contract=fast", "-funsafe-math-optimizations")
"""Sums in another order, fused multiplications: last bits differ."""
Program = Callable[[Sequence[str]], Trace]


@dataclass(frozen=True)
class Flip:
    """A pair of runs that decided differently: what the comparison named."""

    line: str
    sides: str
    flipped: tuple[str, ...]
    accused: tuple[str, ...]

    @property
    def named(self) -> bool:
        """Whether the decision is named, and nothing else accused."""
        return "hkl_rounded" in self.flipped and not self.accused


def programs(folder: Path) -> dict[str, Program]:
    """The reference, the same built otherwise, and torch in float32; they run in `folder`."""
    runs.write_inputs(folder)
    clean, other = reference.build(), reference.build(cflags=OTHER_BUILD)

    def traced(log: str) -> Trace:
        return runs.read(log, folder=folder)

    return {
        "reference": lambda words: traced(runs.run_c(clean, words, folder)),
        "another build": lambda words: traced(runs.run_c(other, words, folder)),
        "torch in float32": lambda words: traced(runs.run_torch(program, [*words, "--dtype", "float32"], folder)),
    }


def flips(
    line: runs.CommandLine,
    component: int,
    trusted: Program,
    other: tuple[str, Program],
    catalogue: Catalogue,
    around: Sequence[int] = range(-12, 13),
) -> Iterator[Flip]:
    """Pairs of runs around a tie of one component that decide differently."""
    middle = tie(line, component, trusted)
    if middle is None:
        return
    step = 4e-9 if "float32" in other[0] else 2.0**-53
    for count in around:
        words = with_wavelength(line, middle * (1 + count * step))
        a, b = trusted(words), other[1](words)
        if [r.values for r in a.find("hkl_rounded")] != [r.values for r in b.find("hkl_rounded")]:
            found = compare(a, b, catalogue)
            accused = [f.quantity for f in found.origins] + [s.name for s in found.config]
            yield Flip(line.name, other[0], tuple(f.quantity for f in found.flipped), tuple(accused))


def tie(line: runs.CommandLine, component: int, trusted: Program) -> float | None:
    """The wavelength nearest to the line's at which that index of the first sample is a half; None where there is none."""

    def index(wavelength: float) -> float:
        value = trusted(with_wavelength(line, wavelength)).find("hkl_frac")[0].values[component]
        assert isinstance(value, float)
        return value

    own = float(line.args[line.args.index("-lambda") + 1])
    first = index(own)
    target = math.floor(first) + 0.5
    low = high = own
    for share in range(1, 60):
        high = own * (1 + 0.005 * share * (1 if share % 2 else -1))
        if (index(high) - target) * (first - target) < 0:
            break
    else:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        if (index(middle) - target) * (first - target) > 0:
            low = middle
        else:
            high = middle
    return low if abs(index(low) - target) < 1e-9 else None


def nudged(words: Sequence[str]) -> list[str]:
    """Arguments with the last bit of the wavelength changed."""
    changed = list(words)
    at = changed.index("-lambda") + 1
    changed[at] = f"{math.nextafter(float(changed[at]), math.inf):.17g}"
    return changed


def with_wavelength(line: runs.CommandLine, wavelength: float) -> list[str]:
    """The line's arguments with another wavelength."""
    words = line.words()
    words[words.index("-lambda") + 1] = f"{wavelength:.17g}"
    return words
