"""Numbers for people: as many digits as it takes to see that two values differ, never more than 17."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tracer.catalogue import Quantity
    from ..tracer.diff import Diff
    from ..tracer.model import Record


def count(number: int, noun: str) -> str:
    """`1 case`, `2 cases`, `2 quantities`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"


def unread_words(diff: Diff) -> str:
    """How many lines differ that were not read; "" where there are none."""
    most = max(map(len, diff.unread.values()), default=0)
    if not most:
        return ""
    return "1 line that was not read differs" if most == 1 else f"{most} lines that were not read differ"


def settings_words(diff: Diff) -> str:
    """How many settings differ, and how many units; "" where none does."""
    units = sum(setting.source == "unit" for setting in diff.config)
    counts = (len(diff.config) - units, "different setting"), (units, "different unit")
    return ", ".join(count(number, what) for number, what in counts if number)


def short(value: object, digits: int = 6) -> str:
    """One value or several, with `digits` significant digits."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(short(v, digits) for v in value)
    return "-" if value is None else str(value)


def where(record: Record) -> str:
    """The record's place in the loop nest, as its line says it: `source 0, phi 2, mosaic 1`."""
    from ..tracer.place import place

    return ", ".join(f"{loop} {number}" for loop, number in place(record).items())


_LONG = 80
"""Characters of a formula that are read at a glance."""


def formula_words(text: str, quantity: Quantity | None) -> str:
    """A formula that fits on a line as it is; a longer one as what the catalogue says of it, or as it begins."""
    if len(text) <= _LONG:
        return text
    why = next((f.why for f in quantity.formulas if f.formula.text == text), "") if quantity else ""
    return f"what its formula gives ({why})" if why else text[:_LONG].rstrip() + "…"


def shortened(text: str, most: int = 100) -> str:
    """A text of at most `most` characters; --json has it in full."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def pair(reference: object, candidate: object) -> tuple[str, str]:
    """Both values, each number with the digits that tell the two apart: never two equal texts for two numbers."""
    if _numbers(reference) and _numbers(candidate):
        left, right = _listed(reference), _listed(candidate)
        if len(left) == len(right):
            told = [_told_apart(a, b) for a, b in zip(left, right, strict=True)]
            return " ".join(a for a, _ in told), " ".join(b for _, b in told)
    return short(reference), short(candidate)


def _listed(value: object) -> list[float]:
    if isinstance(value, int | float):
        return [value]
    assert isinstance(value, Sequence)
    return [*value]


def _numbers(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(isinstance(v, int | float) for v in value)
    return isinstance(value, int | float)


def _told_apart(a: float, b: float) -> tuple[str, str]:
    for digits in range(6, 18):
        left, right = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if left != right or a == b or (a != a and b != b):  # noqa: PLR0124  NaN
            return left, right
    return _whole(a), _whole(b)


def _whole(value: float) -> str:
    """All digits: a whole number that no double holds has more than 17."""
    return str(value) if isinstance(value, int) else f"{value:.17g}"
