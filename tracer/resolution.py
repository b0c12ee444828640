"""What a printed decimal says about the number behind it: an interval.

`%.15g` strips zeros, so 0.01 among fifteen-digit neighbours means 0.01 to fifteen digits; `%f` and `%e`
show theirs, so a trailing zero or an exponent that `%g` would not print pins the last digit shown. The
digits of a `%g` are those of the longest token that the same prefix printed. Where all its decimals have as many
places behind the point, it is a `%f`; where fewer than six digits are shown, most decimals must show them all; where
most quantities show fewer digits than the longest, each has a format of its own. A whole number without a point shows
its units: `%g` rounds to them only where it has just as many digits, and what is longer was counted, not rounded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from .model import Record
from .printed import is_single
from .uncertain import EPSILON, FLOAT32

_TOKEN = re.compile(r"[-+]?(\d*)\.?(\d*)(?:[eEdD]([-+]?\d+))?\Z")


_LEAST = 6
"""%g shows six digits unless told otherwise; fewer in a short trace means round numbers, not a coarse format."""
_COARSE = 3
"""Digits, or places behind the point, from which on that can be a format; people type shorter ones, but for zeros."""
_MANY = 8
"""Numbers with a decimal point from which on they show a format together."""
_WHOLE = (".", ".0")
"""How numpy and Python end a whole number: no decimals that a format asked for."""
_STRIPPED = 1
"""Digits that a format may have beyond the longest number that was seen: zeros at the end that `%g` strips."""
_MACHINE = 20
"""Digits of the largest whole number that programs count with; a longer one may be a real, written out."""
_REPR = 17
"""Digits of Python's repr at most; it writes an exponent from 1e16 on, where %.17g still writes the number out."""


class _Shown(NamedTuple):
    """What the text of a decimal shows; nothing for what is none."""

    digits: int
    """From the first that is not zero to the last printed."""
    places: int
    """Digits behind the point."""
    power: int | None
    """The exponent that was written."""
    zeros: bool
    """A trailing zero was printed on purpose: `1.500000`, not `100`, nor the `.0` of Python's repr."""
    whole: bool
    """Digits alone: neither a point nor an exponent."""


@lru_cache(maxsize=65536)
def _shown(token: str) -> _Shown:
    match = _TOKEN.match(token)
    whole, behind, power = match.groups() if match else ("", "", None)
    zeros = len(behind) > 1 and behind.endswith("0")
    digits = len((whole + behind).lstrip("0"))
    return _Shown(digits, len(behind), int(power) if power else None, zeros, token.lstrip("+-") == whole)


def significant(token: str) -> int:
    """Digits from the first that is not zero to the last printed; 0 for what is no decimal."""
    return _shown(token).digits


@dataclass
class _Style:
    """What the tokens of one prefix have in common. Whole numbers are not counted: `%d` prints any number of digits."""

    most: int = 0
    own: dict[str, int] = field(default_factory=dict[str, int])
    """The most significant digits of any, and of each quantity."""
    short: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    """The different ones with a decimal point, by their digits, as far as these are few."""
    points: set[str] = field(default_factory=set[str])
    decimals: set[int] = field(default_factory=set[int])
    """The first few different ones with a point, and the places of all behind it."""
    powers: bool = False
    zeros: bool = False
    """Whether one ends in a zero that `%g` and repr would not show."""

    def add(self, quantity: str, token: str) -> None:
        digits, places, power, zeros, whole = _shown(token)
        if whole:
            return
        self.zeros = self.zeros or (zeros and power is None)
        self.most = max(self.most, digits)
        self.own[quantity] = max(self.own.get(quantity, digits), digits)
        if digits and "." in token and not token.endswith(_WHOLE):
            if len(self.points) < _MANY:
                self.points.add(token)
            self.decimals.add(places)
            self.powers = self.powers or power is not None
            if digits < _LEAST:
                self.short.setdefault(digits, set()).add(token)

    @cached_property
    def coarse(self) -> bool:
        """Whether they are cut to so few digits, and not short by nature: many show them all, and fewer show less."""
        counts = Counter({digits: len(tokens) for digits, tokens in self.short.items()})
        return self.most >= _COARSE and counts[self.most] >= max([_MANY, *counts.values()])

    @cached_property
    def mixed(self) -> bool:
        """Whether each quantity has a format of its own: more than half of them show fewer digits than the longest."""
        long = [digits for digits in self.own.values() if digits >= _LEAST]
        return 2 * sum(digits < self.most - 1 for digits in long) > len(long) >= _MANY

    @cached_property
    def places(self) -> int | None:
        """The decimals of a program that prints all numbers by one %f; None if it does not."""
        if len(self.decimals) != 1 or self.powers or len(self.points) < _MANY:
            return None
        places = next(iter(self.decimals))
        return places if places >= _COARSE or self.zeros else None


_NOTHING = _Style()
_NOWHERE = -math.inf


class Formats:
    """The print format of each prefix of a trace, from the tokens themselves (or `digits` where a manifest says it)."""

    def __init__(self, records: Iterable[Record], digits: int = 0) -> None:
        self._styles: dict[str, _Style] = {}
        self._fixed: dict[tuple[str, str], set[int]] = {}
        self._pointed: set[tuple[str, str]] = set()
        for record in records:
            style = self._styles.setdefault(record.prefix, _Style())
            for token, value in zip(record.tokens, record.values, strict=True):
                style.add(record.quantity, token)
                shown = _shown(token)
                if not shown.whole and not isinstance(value, str):
                    self._pointed.add((record.prefix, record.quantity))
                if shown.zeros and shown.power is None:
                    self._fixed.setdefault((record.prefix, record.quantity), set()).add(shown.places)
        self._given = digits

    def digits(self, record: Record) -> int:
        """Significant digits of the format that printed `record`.

        A manifest speaks of the program's own prefix; lines under the bare word TRACE keep the six digits of %g.
        """
        style = self._styles.get(record.prefix, _NOTHING)
        if style.mixed and not self._told(record):
            return max(style.own.get(record.quantity, _LEAST), _LEAST)
        return self._most(record)

    def _most(self, record: Record) -> int:
        """Significant digits of the longest format of the prefix."""
        style, told = self._styles.get(record.prefix, _NOTHING), self._told(record)
        return max(style.most, told if told or style.coarse else _LEAST)

    def _told(self, record: Record) -> int:
        return self._given if record.prefix != "TRACE" else 0

    def whole(self, record: Record) -> bool:
        """Whether all numbers that were printed of the quantity are whole, none with a point or an exponent."""
        return (record.prefix, record.quantity) not in self._pointed

    def counted(self, record: Record, index: int) -> bool:
        """Whether a number is whole and has more digits than its program's format: it would have got an exponent.

        Where no other number shows a format, it may be any.
        """
        shown = _shown(record.tokens[index])
        known = self._styles.get(record.prefix, _NOTHING).most > 0
        return shown.whole and (self._most(record) if known else _REPR) + _STRIPPED < shown.digits <= _MACHINE

    def half(self, record: Record, index: int) -> float:
        """Half the last digit that the token could show: how far the number behind may lie from it."""
        value = record.values[index]
        if isinstance(value, str) or not math.isfinite(value) or self.counted(record, index):
            return 0.0
        token = record.tokens[index]
        last = self._last_place(record, token, value)
        return 0.5 * 10.0**last + 0.5 * (FLOAT32 if is_single(token) else EPSILON) * abs(value)

    def shown(self, record: Record, index: int) -> float:
        """Half the last digit that the record shows, where that is about six or more but fewer than the format; else 0.

        Other lines of the same prefix showed more, and yet this one may be printed by a bare %g, which strips zeros:
        the longest component tells, and of six digits the last one may be lacking. Where a manifest says how many
        digits there are, or where fewer are shown, a short token is a short number.
        """
        value = record.values[index]
        if isinstance(value, str) or self._told(record) or value == 0 or not math.isfinite(value):
            return 0.0
        digits = max(map(significant, record.tokens))
        if not _LEAST - 1 <= digits < self.digits(record):
            return 0.0
        return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - max(digits, _LEAST) + 1)

    def _last_place(self, record: Record, token: str, value: float) -> float:
        """The decimal exponent of the last digit shown."""
        shown, digits = _shown(token), self.digits(record)
        if shown.power is None and (shown.zeros or shown.places in self._places(record)):
            return -shown.places
        if value == 0:
            return _NOWHERE  # %e prints any other number with digits of its own
        pinned = shown.zeros or is_single(token)
        if shown.power is not None and (pinned or -4 <= shown.power < digits - (digits == _REPR)):
            return shown.power - shown.places  # %e: neither %g nor repr would have used an exponent here
        last = math.floor(math.log10(abs(value))) - digits + 1
        return min(last, 0) if shown.whole else last

    def _places(self, record: Record) -> tuple[int | None, ...]:
        """The counts of decimals that are a %f here: where zeros were shown, or where all numbers have so many."""
        fixed = self._fixed.get((record.prefix, record.quantity), ())
        return (*fixed, self._styles.get(record.prefix, _NOTHING).places)
