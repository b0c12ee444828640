"""What a printed decimal says about the number behind it: an interval.

`%.15g` strips zeros, so 0.01 among fifteen-digit neighbours means 0.01 to fifteen digits; `%f` and `%e`
show theirs, so a trailing zero or an exponent that `%g` would not print pins the last digit shown. The
digits of a `%g` are those of the longest token that the same prefix printed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from .model import Record
from .uncertain import EPSILON

_TOKEN = re.compile(r"[-+]?(\d*)\.?(\d*)(?:[eEdD]([-+]?\d+))?\Z")


_LEAST = 6
"""%g shows six digits unless told otherwise; fewer in a short trace means round numbers, not a coarse format."""


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


class Formats:
    """The print format of each prefix of a trace, from the tokens themselves (or `digits` where a manifest says it)."""

    def __init__(self, records: Iterable[Record], digits: int = 0) -> None:
        self._digits: dict[str, int] = {}
        self._fixed: dict[tuple[str, str], set[int]] = {}
        for record in records:
            most = max(map(significant, record.tokens), default=0)
            if most > self._digits.get(record.prefix, 0):
                self._digits[record.prefix] = most
            for token in record.tokens:
                if token.endswith("0") and _shows_zeros(token):
                    self._fixed.setdefault((record.prefix, record.quantity), set()).add(_decimals(token))
        self._given = digits

    def digits(self, record: Record) -> int:
        """Significant digits of the format that printed `record`.

        A manifest speaks of the program's own prefix; lines under the bare word TRACE keep the six digits of %g.
        """
        seen = max(self._digits.get(record.prefix, 0), _LEAST)
        return max(seen, self._given) if record.prefix != "TRACE" else seen

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
        if match and (match[3] is not None) and -4 <= exponent < self.digits(record):
            return exponent - len(match[2])  # %e: %g would not have used an exponent here
        if _shows_zeros(token):
            return exponent - _decimals(token)
        fixed = self._fixed.get((record.prefix, record.quantity))
        if fixed and match and match[3] is None and _decimals(token) in fixed:
            return -_decimals(token)
        if value == 0:
            return -400
        return math.floor(math.log10(abs(value))) - self.digits(record) + 1


def _shows_zeros(token: str) -> bool:
    """Whether a trailing zero was printed on purpose: `1.500000`, not `100`, nor the `.0` of Python's repr."""
    mantissa = re.split("[eEdD]", token)[0]
    return mantissa.endswith("0") and _decimals(token) > 1
