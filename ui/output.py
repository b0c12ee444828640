"""Which stream: results to stdout, the story and errors to stderr, one JSON object with --json."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from ..tracer.errors import FirstbadError

if TYPE_CHECKING:
    from rich.console import Console

SAME, DIFFERENT, TROUBLE = 0, 1, 2


def say_json(data: dict[str, Any]) -> None:
    """Print `data` as the one object of a --json run; NaN and infinities become strings, which JSON lacks."""
    sys.stdout.write(json.dumps(plain(data), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NaN and infinities become words, other objects their text."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return plain(value.item())
    return str(value)


def say_error(problem: FirstbadError, *, as_json: bool) -> int:
    """One line on stderr, and the same as an object on stdout where JSON was asked for."""
    sys.stderr.write(f"firstbad: {problem}\n")
    if as_json:
        error = {"message": problem.message, "remedy": problem.remedy, "slug": problem.slug}
        say_json({"error": error})
    return TROUBLE


def say_note(note: str) -> None:
    """A line below the answer; nothing where there is none."""
    if note:
        console().print(note, style="dim", markup=False, soft_wrap=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console that never wraps a number in half: 100 columns where the output is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 100
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)
