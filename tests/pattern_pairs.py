"""Small pairs of traces for the tests of patterns: rows of numbers in, the Data out that the rules look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from firstbad.tracer.catalogue import from_document
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.pattern_data import Context, Data, Guess, Pair, collect

Row = Sequence[float | str]
Rows = Sequence[Row]


def _value(token: str) -> float | str:
    try:
        return float(token)
    except ValueError:
        return token


def records(name: str, rows: Rows, prefix: str) -> list[Record]:
    """One record a row; a number is printed with fifteen digits, a text stands for itself."""
    found = list[Record]()
    for at, row in enumerate(rows):
        tokens = tuple(x if isinstance(x, str) else f"{x:.15g}" for x in row)
        shape = {1: (), 9: (3, 3)}.get(len(row), (len(row),))
        found.append(Record(name, tuple(_value(t) for t in tokens), tokens, shape, (), at, prefix=prefix))
    return found


def trace(series: Mapping[str, Rows], prefix: str = "T") -> Trace:
    """A trace of one quantity after the other."""
    return Trace(tuple(record for name, rows in series.items() for record in records(name, rows, prefix)))


def context(a: Mapping[str, Rows], b: Mapping[str, Rows], quantities: Mapping[str, Any] | None = None) -> Context:
    """Two traces under a catalogue of these quantities."""
    return Context.of(trace(a), trace(b), from_document({"quantity": quantities or {}}))


def printed(a: Mapping[str, Rows], b: Mapping[str, Rows], quantities: Mapping[str, Any] | None = None) -> Data:
    """What the rules are told of the quantity x of two traces."""
    both = context(a, b, quantities)
    found = collect("x", both.a.trace.find("x"), both.b.trace.find("x"), both)
    assert found is not None
    return found


def exact(
    reference: Sequence[Sequence[float]],
    candidate: Sequence[Sequence[float]],
    r_error: float = 0.0,
    c_error: float = 0.0,
    quantities: Mapping[str, Any] | None = None,
    beside: Mapping[str, Rows] | None = None,
) -> Data:
    """The same, the numbers known to the errors given, whatever their digits; `beside` lies in the reference's trace."""
    zeros = [[0.0 for _ in row] for row in reference]
    data = printed({**(beside or {}), "x": zeros}, {"x": zeros}, quantities)
    rows = tuple(
        tuple(Pair(r, c, r_error, c_error) for r, c in zip(left, right, strict=True))
        for left, right in zip(reference, candidate, strict=True)
    )
    return replace(data, rows=rows, flat=tuple(pair for row in rows for pair in row))


def said(guess: Guess) -> tuple[str, str, float, float]:
    """What a guess claims and demands, its values apart."""
    return guess.kind, guess.text, guess.cost, guess.least
