"""What the text of a trace cannot show: quantities that could differ by more than 4 units in the last place unseen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .model import Record
from .resolution import significant
from .uncertain import EPSILON
from .view import View

LIMIT = 4.0
"""Units in the last place that a text may hide without being listed."""
SHORT = 15
"""A trace that shows fewer digits than this is said to hide something; C programs print %.15g, repr and %.17g more."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A quantity, the fewest digits that any of its numbers shows, and the most units in the last place behind them.

    The units are those of the precision in which the side computed; inf for a zero such as `0.000000`.
    """

    quantity: str
    digits: int
    ulp: float


def hidden(view: View) -> tuple[Hidden, ...]:
    """Every quantity of a trace whose text hides more than 4 units in the last place, in the order of the trace."""
    found: dict[str, Hidden] = {}
    for record in view.trace.records:
        name = view.name(record)
        for value, half in zip(record.values, view.half(record), strict=True):
            if half and not isinstance(value, str) and (ulp := _units(view, value, half)) > LIMIT:
                one = Hidden(name, _digits(value, half), ulp)
                before = found.get(name, one)
                found[name] = Hidden(name, min(one.digits, before.digits), max(ulp, before.ulp))
    return tuple(found.values())


def limited(view: View) -> str:
    """A sentence about a trace that is printed with few digits throughout; "" where it is not, or hides nothing."""
    records = view.trace.records
    most = max(map(view.formats.digits, records), default=SHORT)
    if most >= SHORT or not any(_full(view, record) for record in records):
        return ""
    found = hidden(view)
    if not found:
        return ""
    names = ", ".join(one.quantity for one in found[:3]) + (" …" if len(found) > 3 else "")
    many = f"{len(found)} quantities" if len(found) != 1 else "1 quantity"
    return f"limited by printing: {most} digits hide more than {LIMIT:g} units in the last place of {many} ({names})"


def _full(view: View, record: Record) -> bool:
    """Whether a number shows all digits of its format, so that more may have been cut off."""
    most = view.formats.digits(record)
    return not view.formats.whole(record) and any(significant(token) >= most for token in record.tokens)


def _units(view: View, value: float, half: float) -> float:
    """Half the last printed digit in units of the last place, as the side computes."""
    return half / (math.ulp(value) * (view.epsilon / EPSILON)) if value else math.inf


def _digits(value: float, half: float) -> int:
    """Significant digits that leave so much open: half a last digit and some rounding, so its place is the nearest."""
    return math.floor(math.log10(abs(value))) + 1 - round(math.log10(half)) if value else 0
