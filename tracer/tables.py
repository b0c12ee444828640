"""Files that the arguments name, as values that formulas may read: numbers, and tables with whole-number indices.

A file counts only if the trace says that the run read it (`Trace.inputs`) and one of the same size and CRC-32 lies
beside the trace or in the working directory: else a formula would judge by something that the program never saw.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .arguments import split_arguments
from .catalogue import File
from .formula import Unknown
from .model import Input, Trace
from .uncertain import Num

_NODES = (-1, 0, 1, 2)
"""The nodes of a cubic through four points, counted from the one below."""
_LARGEST = 1 << 28
"""Bytes of a file that is still read."""


@dataclass(frozen=True)
class Table:
    """Numbers by whole-number indices; what the file does not name has the value that the formula says."""

    entries: Mapping[tuple[int, ...], float]

    def lookup(self, index: Sequence[Num], otherwise: Num) -> Num:
        """The entry at `index` (each taken to its nearest whole number)."""
        value = self.entries.get(tuple(round(_finite(x)) for x in index))
        return otherwise if value is None else Num(value)

    def interpolated(self, at: Sequence[Num], otherwise: Num) -> Num:
        """The cubic through the four nearest nodes along each axis: entries times the product of their weights."""
        low = [math.floor(_finite(x)) for x in at]
        weights = [_weights(x, below) for x, below in zip(at, low, strict=True)]
        total = Num(0.0)
        for steps in itertools.product(range(len(_NODES)), repeat=len(low)):
            index = tuple(below + _NODES[step] for below, step in zip(low, steps, strict=True))
            value = self.entries.get(index)
            term = otherwise if value is None else Num(value)
            for weight, step in zip(weights, steps, strict=True):
                term = term * weight[step]
            total = total + term
        return total


def _finite(x: Num) -> float:
    if math.isfinite(x.v):
        return x.v
    raise Unknown("an index that is a number")


def _weights(x: Num, below: int) -> list[Num]:
    """What each of the four nodes around x counts (Lagrange)."""
    found: list[Num] = []
    for one in _NODES:
        weight = Num(1.0)
        for other in _NODES:
            if other != one:
                weight = weight * ((x - Num(float(below + other))) / Num(float(one - other)))
        found.append(weight)
    return found


def file_numbers(trace: Trace, file: File) -> tuple[float, ...] | None:
    """The first `file.numbers` numbers of the file; None where it is not at hand or holds fewer."""
    text = _content(trace, file)
    words = [] if text is None else text.split()[: file.numbers]
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        return None
    return numbers if len(numbers) == file.numbers else None


def file_table(trace: Trace, file: File) -> Table | None:
    """The table in the file; None where it is not at hand, or has lines of another form."""
    text = _content(trace, file)
    return None if text is None else _parsed(text, file.keys)


@lru_cache(maxsize=4)
def _parsed(text: str, keys: int) -> Table | None:
    """One row a line, `keys` whole numbers and a value; a later row replaces an earlier one."""
    entries: dict[tuple[int, ...], float] = {}
    for line in text.splitlines():
        words = line.split()
        try:
            if len(words) == keys + 1:
                entries[tuple(int(word) for word in words[:keys])] = float(words[keys])
            elif words:
                return None
        except ValueError:
            return None
    return Table(entries)


def _content(trace: Trace, file: File) -> str | None:
    """The text of the file that the arguments name last, if it is the very file that the run read."""
    words = split_arguments(trace.facts.get("args", ""))
    named = [name for word, name in itertools.pairwise(words) if word.startswith("-") and file.option.search(word)]
    told = next((one for one in trace.inputs if one.name in named[-1:]), None)
    return None if told is None else _same(told, tuple(_places(trace, told.name)))


def _places(trace: Trace, name: str) -> Iterator[Path]:
    """Where the file may lie, from the root on: what is kept by such a path is true in any working directory."""
    for folder in (trace.folder, "."):
        if folder:
            yield Path(folder, name).absolute()
            yield Path(folder, Path(name).name).absolute()


@lru_cache(maxsize=8)
def _same(told: Input, places: Sequence[Path]) -> str | None:
    """The text of the first file of that size and CRC-32. Kept: one trace is judged many times over."""
    for path in places:
        try:
            if path.stat().st_size != told.size or told.size > _LARGEST:
                continue
            content = path.read_bytes()
        except OSError:
            continue
        if zlib.crc32(content) == told.crc32:
            return content.decode("latin-1")
    return None
