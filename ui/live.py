"""A search while it runs: one line a probe on stderr, with what is left and the expected end."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .output import console

if TYPE_CHECKING:
    from ..bisect.run.progress import Progress


@contextmanager
def watching(*, quiet: bool) -> Generator[Callable[[Progress], None] | None, None, None]:
    """A listener that tells the story on stderr; None where nothing should be said."""
    if quiet:
        yield None
        return
    out = console(stderr=True)

    def listen(moment: Progress) -> None:
        if moment.what == "begin" and not out.is_terminal:
            return
        out.print(_line(moment), soft_wrap=True)

    yield listen


def _line(moment: Progress) -> str:
    expected = "" if math.isnan(moment.expected) else f", about {moment.expected:.0f} s to go"
    left = f"{moment.left} left{expected}"
    if moment.what == "begin":
        return f"[dim]     try  {moment.point[:12]}  ({left}, {len(moment.running)} running)[/]"
    word = {"end": "", "cancel": "cancelled"}.get(moment.what, moment.what)
    return f"[dim]{moment.done:>8}[/]  {moment.point[:12]}  {moment.said or word}  [dim]({left})[/]"
