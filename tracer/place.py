"""Where in the loop nest a record stands, whatever its program calls the loops."""

from __future__ import annotations

import re
from functools import lru_cache

from .model import Record, Scope


def loop_level(key: str) -> int:
    """Where in the loop nest a scope key stands: `phi_tic` is phi's; an unknown key is innermost."""
    for word, level in (
        ("lay", 2),
        ("thick", 2),
        ("sub", 3),
        ("sou", 4),
        ("src", 4),
        ("phi", 5),
        ("mos", 6),
        ("pix", 1),
    ):
        if key.startswith(word):
            return level
    return 7


def qualified(record: Record) -> str:
    """The name with its innermost section in front: `After re-generation/a_star`."""
    section = ""
    for key, value in record.scope:
        section = value if key == "section" else section
    return f"{section}/{record.quantity}" if section else record.quantity


def place(record: Record) -> dict[str, str]:
    """Where in the loop nest the record stands, its section left out: `phi_tic=3` and `phi=3` are one place."""
    return dict(_place(record.scope)) if record.scope else {}


@lru_cache(maxsize=65536)
def _place(scope: Scope) -> tuple[tuple[str, str], ...]:
    return tuple((_loop_name(key), _whole(value)) for key, value in scope if key != "section")


def _loop_name(key: str) -> str:
    bare = re.sub(r"(?:_?(?:tic|index|idx|domain|step)|_i)\Z", "", key) or key
    return {"mos": "mosaic", "src": "source", "thick": "layer"}.get(bare, bare)


def _whole(value: str) -> str:
    return value[:-2] if value.endswith(".0") and value[:-2].isdigit() else value
