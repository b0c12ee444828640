"""What can be no name in a formula, though a program may print it: `lambda`, `grid.dx`."""

from __future__ import annotations

import keyword
import re

_RESERVED = frozenset(keyword.kwlist) - {"and", "or", "not", "if", "else", "in", "is", "True", "False", "None"}


class NoNameError(ValueError):
    """A formula reads what can be no name in it; the quantity needs another one."""


def reserved(text: str) -> str:
    """The first word of Python in the text that no formula uses; "" where there is none."""
    return next((word for word in re.findall(r"[^\W\d]\w*", text) if word in _RESERVED), "")
