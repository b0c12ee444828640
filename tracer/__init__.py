"""What a trace is: record, read, compare, explain. Needs numpy only, and that only for stores and images."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .diff import Diff, compare
    from .errors import FirstbadError
    from .model import Manifest, Record, Trace
    from .tap import recording, tap
    from .text import read

__all__ = [
    "Catalogue", "Diff", "FirstbadError", "Manifest", "Record", "Trace", "compare", "read", "recording", "tap",
]  # fmt: skip

_HOME = {
    "Catalogue": "catalogue", "Diff": "diff", "compare": "diff", "FirstbadError": "errors", "Manifest": "model",
    "Record": "model", "Trace": "model", "recording": "tap", "tap": "tap", "read": "text",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
