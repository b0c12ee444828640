"""Text traces of several pixels, a file each, into one store: for programs that can write TRACE lines only.

Each file is read twice, one at a time: first for the columns, then for the values. A quantity that is a word somewhere
(MOSFLM) becomes a column of words (store_words.py). Digits that were not printed stay lost: a
store remembers in its facts how many there were (`digits`), and the judge works from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .model import Record, Setup, Trace
from .place import qualified
from .resolution import significant
from .store import MISSING, Array, Column
from .store_sums import fail
from .store_words import said
from .store_writer import StoreWriter, tile_for
from .text import read

Pixel = tuple[int, int]


def write_logs(
    logs: Mapping[Pixel, Path],
    store: Path,
    shape: tuple[int, int] | None = None,
    facts: Mapping[str, str] | None = None,
) -> int:
    """A store of the traces in `logs` (by pixel: slow, fast); gives the number of pixels.

    FirstbadError `stream-width` where a quantity has two widths, and as `text.read` for a log that is none.
    """
    widths, most, words, digits = dict[str, int](), dict[str, int](), dict[str, None](), 6
    setup, told = Setup(), True
    for number, path in enumerate(logs.values()):
        trace = read(path)
        setup = _shared(setup, trace) if number else Setup(trace.plain, trace.inputs)
        told = told and "inputs" in trace.facts
        for name, records in _by_name(trace).items():
            if any(isinstance(v, str) for r in records for v in r.values):
                words[name] = None
            most[name] = max(most.get(name, 0), len(records))
            if name in words:
                continue
            _check_width(path, name, records, widths)
            digits = max(digits, *(significant(t) for r in records for t in r.tokens))
    columns = [Column(name, 1 if name in words else widths[name], count) for name, count in most.items()]
    pixels = sorted(logs)
    size = shape or (max(s for s, _ in pixels) + 1, max(f for _, f in pixels) + 1)
    more = {"digits": str(min(digits, 17)), **({"inputs": "told"} if told else {})}
    writer = StoreWriter(
        store, size, columns, np.array(pixels), {**(facts or {}), **more}, tile=tile_for(columns), fresh=True,
        setup=setup,
    )  # fmt: skip
    writer.words = {name: set[str]() for name in words}
    for pixel in pixels:
        found = _by_name(read(logs[pixel]))
        writer.append({c.name: _rows(found.get(c.name, ()), c, writer.words.get(c.name)) for c in columns})
    writer.close()
    return len(pixels)


def _shared(setup: Setup, trace: Trace) -> Setup:
    """What this run says as well: a line about its pixel is not said of all."""
    plain, inputs = frozenset(trace.plain), frozenset(trace.inputs)
    return Setup(tuple(x for x in setup.plain if x in plain), tuple(x for x in setup.inputs if x in inputs))


def _by_name(trace: Trace) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in trace.records:
        found.setdefault(qualified(record), []).append(record)
    return found


def _check_width(path: Path, name: str, records: Sequence[Record], widths: dict[str, int]) -> None:
    found = {len(r.values) for r in records}
    found.add(widths.get(name, len(records[0].values)))
    if len(found) > 1:
        several = " and ".join(map(str, sorted(found)))
        fail("stream-width", f"{name} has {several} values in records of {path}", "Give each quantity one width.")
    widths[name] = found.pop()


def _rows(records: Sequence[Record], column: Column, words: set[str] | None) -> Array:
    """What a column holds of one pixel; `words` are those of a column of words, to which they are added."""
    rows = np.full((1, column.occurrences, column.width), MISSING)
    for at, record in enumerate(records):
        if words is None:
            rows[0, at] = record.numbers
        else:
            rows[0, at], text = said(record)
            words |= {text} if text else set()
    return rows
