"""Two columns of numbers as the rules of pattern_*.py see them, with errors that the test chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstbad.tracer.catalogue import from_document
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.pattern_data import Context, Data, Guess, Pair

Column = Sequence[float] | Sequence[Sequence[float]]


def record(name: str, *numbers: float, digits: int = 15) -> Record:
    """One record as a program prints it; a single number is a scalar."""
    shape = () if len(numbers) == 1 else (len(numbers),)
    return Record(name, numbers, tuple(f"{x:.{digits}g}" for x in numbers), shape)


def data_of(
    reference: Column,
    candidate: Column,
    *,
    r_error: float = 0.0,
    c_error: float = 0.0,
    digits: int = 15,
    quantity: Mapping[str, Any] | None = None,
    beside: Sequence[Record] = (),
) -> Data:
    """Records of a quantity x, one a number or a row, known to the two errors and printed with `digits` digits.

    `quantity` is what the catalogue says about x (None: nothing), `beside` lies in the reference's trace as well.
    """
    rows = [_rows(column) for column in (reference, candidate)]
    a, b = ([record("x", *row, digits=digits) for row in column] for column in rows)
    longest = Record("longest", (1.5,), ("1." + "5" * (digits - 1),))
    catalogue = from_document({"quantity": {} if quantity is None else {"x": dict(quantity)}})
    context = Context.of(Trace((longest, *beside, *a)), Trace((longest, *b)), catalogue)
    pairs = tuple(
        tuple(Pair(r, c, r_error, c_error) for r, c in zip(ours, theirs, strict=True))
        for ours, theirs in zip(*rows, strict=True)
    )
    return Data(
        "x", tuple(zip(a, b, strict=True)), pairs, context, a[0].shape, tuple(pair for row in pairs for pair in row)
    )


def _rows(column: Column) -> list[tuple[float, ...]]:
    return [(float(x),) if isinstance(x, int | float) else tuple(map(float, x)) for x in column]


def one(guesses: Iterator[Guess]) -> Guess:
    """The only guess."""
    (guess,) = guesses
    return guess


def texts(guesses: Iterator[Guess]) -> list[str]:
    """What the guesses say."""
    return [guess.text for guess in guesses]
