"""A search while it runs: one line a probe on stderr, with what is left and the expected end."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape

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
        if status is not None:
            status.update(_now(moment))
        if moment.what != "begin":
            out.print(_line(moment), soft_wrap=True)

    if not out.is_terminal:
        status = None
        yield listen
        return
    with out.status("[dim]reading the history[/]") as status:
        yield listen


def _now(moment: Progress) -> str:
    """The line at the bottom of a terminal: how far it is, and what is being tried."""
    expected = "" if math.isnan(moment.expected) else f", about {moment.expected:.0f} s to go"
    names = escape(", ".join(moment.running) or "nothing")
    return f"[dim]{moment.done} probes done, {moment.left} {moment.among} left{expected}; running {names}[/]"


def _line(moment: Progress) -> str:
    if moment.what == "result":
        return f"[dim]{moment.done:>8}[/]  {moment.said}"
    expected = "" if math.isnan(moment.expected) else f", about {moment.expected:.0f} s to go"
    left = f"{moment.left} left{expected}"
    word = "cancelled" if moment.what == "cancel" else moment.said
    return f"[dim]{moment.done:>8}[/]  {escape(moment.point)}  {word}  [dim]({left})[/]"
