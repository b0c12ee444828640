"""Numbers as a C program reads and prints them: prefix parsing in, %g out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FLOAT = re.compile(
    r"[ \t\n\v\f\r]*([+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?"
    r"|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN]))",
    re.ASCII,
)
_INT = re.compile(r"[ \t\n\v\f\r]*([+-]?\d+)", re.ASCII)


def c_float(text: str) -> float:
    """The longest prefix of `text` that is a number, as strtod takes it; 0 where there is none."""
    match = _FLOAT.match(text)
    if match is None:
        return 0.0
    word = match.group(1)
    return float.fromhex(word) if "x" in word.lower() else float(word)


def leading_floats(text: str) -> Iterator[float]:
    """The numbers that `text` begins with, read one after the other until something else comes."""
    place = 0
    while (match := _FLOAT.match(text, place)) is not None:
        yield c_float(match.group(1))
        place = match.end()


def c_int(text: str) -> int:
    """The integer prefix of `text`, cut at the first other character; 0 where there is none."""
    match = _INT.match(text)
    return 0 if match is None else int(match.group(1))


def is_number(text: str) -> bool:
    """Whether all of `text` is one number."""
    match = _FLOAT.match(text)
    return match is not None and not text[match.end() :].strip()


def g(value: float, digits: int = 6) -> str:
    """`value` as C prints it with %.{digits}g; any NaN is written nan."""
    return f"{float(value):.{digits}g}"


def wrap32(value: int) -> int:
    """`value` as a 32-bit signed integer."""
    return (value + 2**31) % 2**32 - 2**31
