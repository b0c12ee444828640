"""All components have one factor in common that no other rule knows, or were normalised."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .pattern_data import Data, Guess, significant
from .pattern_factors import near, ratio

_NOTHING = 1e-6
"""A common factor that is no further from 1 explains nothing: it is a rounding."""

_LONG = 9
"""Of numbers with more digits a short factor is no accident: 1.02 times 60.0956246 is none of its neighbours."""


def common(data: Data) -> Iterator[Guess]:
    """One unknown factor for all components; or the candidate's vectors are of unit length where the
    reference's are not.
    """
    found = ratio(data)
    if found is None or len(data.flat) < 2:
        return
    value, off = found
    strongest = data.strongest()
    values = [p.r * value for p in data.flat]
    errors = [abs(value) * p.r_error + abs(p.r * value) * off for p in data.flat]
    claims = [None if again else v for v, again in zip(values, data.repeats(strongest), strict=True)]
    if _unit(data, "c") and not _unit(data, "r"):
        text = "the candidate's vectors are scaled to length 1, the reference's are not"
        yield Guess("normalisation", text, *_normalised(data), 20.0)
    elif _unit(data, "r") and not _unit(data, "c"):
        text = "the reference's vectors have length 1, the candidate's are not normalised"
        yield Guess("normalisation", text, claims, errors, 6.0)
    simple = _simple(value, off)
    if simple:
        yield Guess("small-ratio", f"a factor of {simple}", claims, errors, 14.0)
    elif (significant(value) > 4 or significant(strongest.r) > _LONG) and abs(value - 1) > _NOTHING:
        text = f"all components are multiplied by the same {_told(value)}"
        yield Guess("common-factor", text, claims, errors, 14.0)


def _told(value: float) -> str:
    """The factor with six digits, or with three of what it is more or less than 1."""
    more = abs(abs(value) - 1)
    near_one = 3 - math.floor(math.log10(more)) if more else 0
    return f"{value:.{max(6, near_one)}g}"


def _simple(value: float, off: float) -> str:
    """A ratio of numbers whose product is at most twelve, by name; "" where it is none."""
    for over in range(1, 13):
        top = round(abs(value) * over)
        if 1 < top * over <= 12 and math.gcd(top, over) == 1 and near(abs(value), top / over, off):
            return f"{math.copysign(top, value):.0f}" + (f"/{over}" if over > 1 else "")
    return ""


def _normalised(data: Data) -> tuple[list[float], list[float]]:
    lengths = [math.sqrt(sum(p.r**2 for p in row)) for row in data.rows for _ in row]
    values = [p.r / size if size else math.nan for p, size in zip(data.flat, lengths, strict=True)]
    errors = [
        3 * max(q.r_error for q in row) / size if size else 0.0
        for row, size in zip((row for row in data.rows for _ in row), lengths, strict=True)
    ]
    return values, errors


def _unit(data: Data, side: str) -> bool:
    lengths = [math.sqrt(sum(getattr(p, side) ** 2 for p in row)) for row in data.rows]
    return data.width > 1 and all(abs(length - 1) < 1e-6 for length in lengths)
