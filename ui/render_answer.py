"""The answer of an investigation: one sentence, the evidence, the first bad quantity with both values, the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .values import pair

if TYPE_CHECKING:
    from ..bisect.answer import Answer


def answer_page(console: Console, answer: Answer) -> None:
    """Print the whole answer; its first line is the headline."""
    colour = "green" if answer.found or not answer.case else "yellow"
    name = type(answer.result).__name__ if answer.case else "Nothing wrong"
    thing, first, quantity = answer.headline.partition("; first bad quantity: ")
    console.print(Text(f"{name}: ", style=f"bold {colour}") + Text(thing), soft_wrap=True)
    if first:
        console.print(Text("first bad quantity: ", style=f"bold {colour}") + Text(quantity), soft_wrap=True)
    if answer.why not in thing:
        console.print(Text(f"because {answer.why}", style="dim"), soft_wrap=True)
    _evidence(console, answer)
    _commit(console, answer)
    _origins(console, answer)
    console.print(Text(f"kept in {answer.artefacts}", style="dim"), soft_wrap=True)


def _evidence(console: Console, answer: Answer) -> None:
    for line in (x for x in answer.result.evidence if x != answer.why):
        console.print(Text(f"  · {line}"), soft_wrap=True)


def _commit(console: Console, answer: Answer) -> None:
    if answer.commit is None:
        return
    facts = answer.commit
    console.print(Text(f"\ncommit {facts.id}", style="bold"))
    console.print(Text(f"  {facts.subject}  ({facts.author}, {facts.date})"))
    for line in answer.lines:
        console.print(Text(f"  {line.file}:{line.line}", style="bold"))
        if line.old is not None:
            console.print(Text(f"  - {line.old.rstrip()}", style="red"), soft_wrap=True)
        if line.new is not None:
            console.print(Text(f"  + {line.new.rstrip()}", style="green"), soft_wrap=True)


def _origins(console: Console, answer: Answer) -> None:
    if answer.untraced:
        console.print(Text(f"no trace: {answer.untraced}", style="yellow"), soft_wrap=True)
    if answer.diff is None or answer.pixel is None:
        return
    slow, fast = answer.pixel
    console.print(Text(f"\nfirst bad at pixel {slow} {fast} (slow fast), case {answer.case}", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("quantity", "reference", "candidate", "side at fault", "looks like"):
        table.add_column(name, overflow="fold")
    for origin in answer.diff.as_dict()["origins"]:
        pattern = origin.get("pattern") or {}
        text = pattern.get("text", "") if isinstance(pattern, dict) else str(pattern)
        side = str(origin.get("side") or "-")
        table.add_row(
            Text(origin["quantity"], style="bold"),
            *pair(origin["reference"], origin["candidate"]),
            {"neither": "neither: an input", "unknown": "-"}.get(side, side),
            Text(str(text)),
        )
    console.print(table)
