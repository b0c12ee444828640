"""What a printed decimal says about the number behind it: an interval.

`%.15g` strips zeros, so 0.01 among fifteen-digit neighbours means 0.01 to fifteen digits; `%f` and `%e`
show theirs, so a trailing zero or an exponent that `%g` would not print pins the last digit shown. The
digits of a `%g` are those of the longest token that the same prefix printed. Where all its decimals have as many
places behind the point, it is a `%f`; where fewer than six digits are shown, most decimals must show them all; where
most quantities show fewer digits than the longest, each has a format of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from .model import Record
from .uncertain import EPSILON

_TOKEN = re.compile(r"[-+]?(\d*)\.?(\d*)(?:[eEdD]([-+]?\d+))?\Z")


_LEAST = 6
"""%g shows six digits unless told otherwise; fewer in a short trace means round numbers, not a coarse format."""
_COARSE = 3
"""Digits, or places behind the point, from which on that can be a format; people type shorter numbers."""
_MANY = 8
"""Numbers with a decimal point from which on they show a format together."""


@lru_cache(maxsize=65536)
def significant(token: str) -> int:
    """Digits from the first that is not zero to the last printed; 0 for what is no decimal."""
    match = _TOKEN.match(token)
    if match is None:
        return 0
    return len((match[1] + match[2]).lstrip("0"))


def _decimals(token: str) -> int:
    match = _TOKEN.match(token)
    return len(match[2]) if match else 0


@dataclass
class _Style:
    """What the tokens of one prefix have in common."""

    most: int = 0
    own: dict[str, int] = field(default_factory=dict[str, int])
    """The most significant digits of any, and of each quantity."""
    short: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    """The different ones with a decimal point, by their digits, as far as these are few."""
    points: set[str] = field(default_factory=set[str])
    decimals: set[int] = field(default_factory=set[int])
    """The first few different ones with a point, and the places of all behind it."""
    powers: bool = False

    def add(self, quantity: str, token: str) -> None:
        digits = significant(token)
        self.most = max(self.most, digits)
        self.own[quantity] = max(self.own.get(quantity, 0), digits)
        if digits and "." in token and not token.endswith(".0"):
            if len(self.points) < _MANY:
                self.points.add(token)
            self.decimals.add(_decimals(token))
            self.powers = self.powers or "e" in token.lower()
            if digits < _LEAST:
                self.short.setdefault(digits, set()).add(token)

    @cached_property
    def coarse(self) -> bool:
        """Whether they are cut to so few digits, and not short by nature: many show them all, and fewer show less."""
        counts = {digits: len(tokens) for digits, tokens in self.short.items()}
        return self.most >= _COARSE and counts.get(self.most, 0) >= max(_MANY, *counts.values(), 0)

    @cached_property
    def mixed(self) -> bool:
        """Whether each quantity has a format of its own: more than half of them show fewer digits than the longest."""
        long = [digits for digits in self.own.values() if digits >= _LEAST]
        return 2 * sum(digits < self.most - 1 for digits in long) > len(long) >= _MANY

    @cached_property
    def places(self) -> int:
        """The decimals of a program that prints all numbers by one %f; -1 if it does not."""
        places = next(iter(self.decimals)) if len(self.decimals) == 1 else -1
        return places if places >= _COARSE and not self.powers and len(self.points) >= _MANY else -1


_NOTHING = _Style()
_NOWHERE = -400


class Formats:
    """The print format of each prefix of a trace, from the tokens themselves (or `digits` where a manifest says it)."""

    def __init__(self, records: Iterable[Record], digits: int = 0) -> None:
        self._styles: dict[str, _Style] = {}
        self._fixed: dict[tuple[str, str], set[int]] = {}
        for record in records:
            style = self._styles.setdefault(record.prefix, _Style())
            for token in record.tokens:
                style.add(record.quantity, token)
                if token.endswith("0") and _shows_zeros(token):
                    self._fixed.setdefault((record.prefix, record.quantity), set()).add(_decimals(token))
        self._given = digits

    def digits(self, record: Record) -> int:
        """Significant digits of the format that printed `record`.

        A manifest speaks of the program's own prefix; lines under the bare word TRACE keep the six digits of %g.
        """
        style = self._styles.get(record.prefix, _NOTHING)
        told = self._given if record.prefix != "TRACE" else 0
        if style.mixed and not told:
            return max(style.own.get(record.quantity, 0), _LEAST)
        return max(style.most, told if told or style.coarse else _LEAST)

    def half(self, record: Record, index: int) -> float:
        """Half the last digit that the token could show: how far the number behind may lie from it."""
        value = record.values[index]
        if isinstance(value, str) or not math.isfinite(value):
            return 0.0
        token = record.tokens[index]
        last = self._last_place(record, token, value)
        return 0.5 * 10.0**last + 0.5 * EPSILON * abs(value)

    def shown(self, record: Record, index: int) -> float:
        """Half the last digit of the token itself, where it is six digits or more but fewer than the format's; else 0.

        Other lines of the same prefix showed more, and yet this one may be printed by a bare %g. Where a manifest says
        how many digits there are, or where fewer than six are shown, a short token is a short number.
        """
        value, token = record.values[index], record.tokens[index]
        digits = significant(token)
        known = bool(self._given) and record.prefix != "TRACE"
        if isinstance(value, str) or known or value == 0 or not math.isfinite(value):
            return 0.0
        if not _LEAST <= digits < self.digits(record):
            return 0.0
        return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)

    def _last_place(self, record: Record, token: str, value: float) -> int:
        """The decimal exponent of the last digit shown."""
        match = _TOKEN.match(token)
        exponent = int(match[3]) if match and match[3] else 0
        if value == 0 and match and match[3] is not None:
            return _NOWHERE  # %e prints any other number with digits of its own
        if match and (match[3] is not None) and -4 <= exponent < self.digits(record):
            return exponent - len(match[2])  # %e: %g would not have used an exponent here
        if _shows_zeros(token):
            return exponent - _decimals(token)
        fixed = self._fixed.get((record.prefix, record.quantity))
        places = (*(fixed or ()), self._styles.get(record.prefix, _NOTHING).places)
        if match and match[3] is None and _decimals(token) in places:
            return -_decimals(token)
        if value == 0:
            return _NOWHERE
        return math.floor(math.log10(abs(value))) - self.digits(record) + 1


def _shows_zeros(token: str) -> bool:
    """Whether a trailing zero was printed on purpose: `1.500000`, not `100`, nor the `.0` of Python's repr."""
    mantissa = re.split("[eEdD]", token)[0]
    return mantissa.endswith("0") and _decimals(token) > 1
