"""What a program says outside its TRACE lines, as values that formulas may read: plain lines, arguments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from .arguments import EXACT, arguments, split_arguments
from .catalogue import Catalogue
from .model import Record, Trace
from .printed import is_single
from .resolution import significant
from .tables import file_numbers
from .uncertain import EPSILON, to_float32

PIXEL = ("spixel", "fpixel")
"""Under which names formulas read the slow and the fast number of the pixel."""
_SAMPLE = 400
"""Long numbers that are looked at: what is set up comes first, and is soon outnumbered."""
_LONG = 13
"""Digits of a long number: one that is no float32 has the digits of one by chance once in 100,000 times."""
_ROUND = 12
"""Bits of a number that any program may hold exactly (0.5, 3.75, a whole one): a float32 has 24, and so few of them by
chance once in 4,096 times."""


def spoken(trace: Trace, catalogue: Catalogue) -> Iterator[tuple[Record, int]]:
    """Each such value with the digits that it may show; `arguments` is how many words the program was started with."""
    for line in trace.plain:
        for console in catalogue.console:
            match = console.pattern.search(line)
            for name, text in match.groupdict().items() if match else ():
                if text is not None:
                    yield _heard(name, text, console.scale), console.digits
    yield from ((record, EXACT) for record in _pixel(trace.facts.get("pixel", "")))
    args = trace.facts.get("args")
    if args is not None and catalogue.options:
        words = split_arguments(args)
        yield Record("arguments", (float(len(words)),), (str(len(words)),), prefix="ARGUMENT"), EXACT
        yield from ((record, EXACT) for record in arguments(words, catalogue.options))
    for file in catalogue.files:
        numbers = file_numbers(trace, file) if file.numbers else None
        if numbers is not None:
            tokens = tuple(f"{number:.17g}" for number in numbers)
            yield Record(file.says, numbers, tokens, (len(numbers),), prefix="FILE"), EXACT


def _pixel(text: str) -> Iterator[Record]:
    """The pixel (slow,fast) that a trace is of, as its manifest says it."""
    words = text.split(",")
    if len(words) == 2 and all(word.isdecimal() for word in words):
        for name, word in zip(PIXEL, words, strict=True):
            yield Record(name, (float(word),), (word,), prefix="PIXEL")


def _heard(name: str, text: str, scale: float) -> Record:
    tokens = tuple(text.split())
    try:
        values: tuple[float | str, ...] = tuple(float(token) * scale for token in tokens)
    except ValueError:
        values = tokens
    return Record(name, values, tokens, () if len(values) == 1 else (len(values),), prefix="CONSOLE")


def told_half(value: float | str, token: str, digits: int) -> float:
    """Half the last digit; whole numbers, and what a person typed, are exact."""
    if isinstance(value, str) or value == 0 or not math.isfinite(value) or token.lstrip("-").isdigit():
        return 0.0
    if digits == EXACT:
        return EPSILON * abs(value)
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1) + EPSILON * abs(value)


def single(trace: Trace, dtype: str) -> bool:
    """Whether the program computed in float32: its manifest says so, or most of the numbers that it printed, or most of
    those that are long or printed as a float32, are such.

    Not all: what a port sets up in Python is a double. No number of a float64 program is a float32 by chance, but for
    round ones, which say nothing.
    """
    if dtype:
        return "float32" in dtype
    told = [is_single(token) for _, token in islice(_decimals(trace), _SAMPLE)]
    if 2 * sum(told) > len(told):
        return True
    votes = (_vote(value, token) for value, token in _decimals(trace))
    long = [*islice((vote for vote in votes if vote is not None), _SAMPLE)]
    return len(long) >= 8 and 2 * sum(long) > len(long)


def _vote(value: float, token: str) -> bool | None:
    """Whether a number is a float32 as far as its digits tell; None where it says nothing: it is short, or round."""
    if is_single(token):
        return True
    digits = significant(token)
    if digits < _LONG or value == 0:
        return None
    nearest = to_float32(value)
    unseen = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1) + 0.5 * math.ulp(value)
    if abs(nearest - value) > unseen:
        return False
    return None if _bits(nearest) <= _ROUND else True


def _bits(value: float) -> int:
    """Of a number that is not 0, from the first bit that is set to the last one."""
    whole = abs(value.as_integer_ratio()[0])
    return (whole // (whole & -whole)).bit_length()


def _decimals(trace: Trace) -> Iterator[tuple[float, str]]:
    """The finite numbers with a decimal point, and how they were printed."""
    for record in trace.records:
        for value, token in zip(record.values, record.tokens, strict=True):
            if not isinstance(value, str) and math.isfinite(value) and "." in token:
                yield value, token
