"""The answer of an investigation: one sentence, the evidence, the first bad quantity with both values, the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ..bisect.answer import Answer


def answer_page(console: Console, answer: Answer) -> None:
    """Print the whole answer; its first line is the headline."""
    colour = "green" if answer.found or not answer.case else "yellow"
    console.print(Text(f"{type(answer.result).__name__}: ", style=f"bold {colour}") + Text(answer.headline))
    console.print(Text(f"because {answer.why}", style="dim"))
    _evidence(console, answer)
    _commit(console, answer)
    _origins(console, answer)
    console.print(Text(f"kept in {answer.artefacts}", style="dim"), soft_wrap=True)


def _evidence(console: Console, answer: Answer) -> None:
    for line in answer.result.evidence:
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
        table.add_row(
            f"[bold]{origin['quantity']}[/]",
            str(origin["reference"]),
            str(origin["candidate"]),
            str(origin.get("side") or "-"),
            text,
        )
    console.print(table)
