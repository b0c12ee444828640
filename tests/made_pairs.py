"""Pairs of values made by hand, and pairs out of two small printed traces, for the tests of single pattern rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from firstbad.tracer.catalogue import from_document
from firstbad.tracer.model import Trace
from firstbad.tracer.pattern_data import Context, Data, Guess, Pair, collect
from firstbad.tracer.text import parse

Rows = Sequence[Sequence[float]]
Document = dict[str, dict[str, Any]]
EMPTY = Context.of(Trace(()), Trace(()))


def bare(reference: Rows, candidate: Rows, r_error: Rows | float = 0.0, c_error: float = 0.0) -> Data:
    """A quantity `x` in traces that hold nothing else; how exactly the reference is known may differ by component."""
    known = [[r_error] * len(row) for row in reference] if isinstance(r_error, float) else r_error
    rows = tuple(
        tuple(Pair(r, c, e, c_error) for r, c, e in zip(*row, strict=True))
        for row in zip(reference, candidate, known, strict=True)
    )
    return Data("x", (), rows, EMPTY, (), tuple(p for row in rows for p in row))


def series(reference: Sequence[float], candidate: Sequence[float], r_error: float = 0.0) -> Data:
    """The same of a number in several records."""
    return bare([[r] for r in reference], [[c] for c in candidate], r_error)


def printed(lines: str) -> Trace:
    """A trace of lines that are parted by semicolons: `x 1 2 3; phi=0 y 4`."""
    return parse("".join(f"TRACE: {line.strip()}\n" for line in lines.split(";") if line.strip()))


def traced(name: str, reference: str, candidate: str = "", document: Document | None = None) -> Data:
    """The pairs of `name` in two traces, which say the same where no candidate is given."""
    a, b = printed(reference), printed(candidate or reference)
    context = Context.of(a, b, from_document({"quantity": document or {}}))
    data = collect(name, a.find(name), b.find(name), context)
    assert data is not None
    return data


def claims(guesses: Iterable[Guess]) -> list[tuple[str, str, float, float]]:
    """What a rule says: kind, sentence, cost in bits, bits that it must be ahead."""
    return [(g.kind, g.text, g.cost, g.least) for g in guesses]


def only(guesses: Iterable[Guess]) -> Guess:
    """The one guess of a rule."""
    (guess,) = guesses
    return guess
