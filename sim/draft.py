"""What the options read: numbers as C takes them, with a warning for what was only partly a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..tracer.errors import FirstbadError
from .numbers import c_float, c_int, g, is_number


@dataclass(slots=True)
class Draft:
    """What has been read so far: values by field name of the experiment's parts, and warnings.

    `tell` hears each warning at once, so that those before an error are not lost; `word` is the option being read.
    """

    tell: Callable[[str], None] = lambda text: None
    word: str = ""
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: list[str] = field(default_factory=list[str])

    def warn(self, text: str) -> None:
        """Note a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.tell(text)

    def number(self, text: str) -> float:
        """`text` as strtod reads it; FirstbadError (no-number) for NaN, a warning where not all of it is a number."""
        value = c_float(text)
        if math.isnan(value):
            raise FirstbadError(
                f"{self.word} is {text}, which is no number",
                remedy="Correct the value, or leave the option out.",
                slug="no-number",
            )
        if not is_number(text):
            self.warn(f"{self.word}: {text!r} is read as {g(value)}")
        return value

    def finite(self, text: str) -> float:
        """The same, with a warning for a value that is infinite."""
        value = self.number(text)
        if math.isinf(value):
            self.warn(f"{self.word} is infinite")
        return value

    def integer(self, text: str) -> int:
        """`text` as atoi reads it; a warning where it is another number, or none."""
        value = max(-(2**63), min(c_int(text), 2**63 - 1))
        if not is_number(text) or c_float(text) != float(value):
            self.warn(f"{self.word}: {text!r} is read as {value}; a whole number is expected")
        return value

    def count(self, text: str) -> int:
        """The same, held within 32 bits."""
        return max(-(2**31), min(self.integer(text), 2**31 - 1))
