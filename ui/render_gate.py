"""The image verdict on the screen, of the cases of a gate and of two files: the first line is the answer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .values import count

if TYPE_CHECKING:
    from ..bisect.inquiry import GateLimits
    from ..bisect.lab import Outcome
    from ..tracer.image import ImageVerdict


def gate_table(console: Console, outcomes: Sequence[Outcome], limits: GateLimits, folder: Path) -> None:
    """Print the answer, one row a case, what the two numbers cannot see, and where the artefacts lie."""
    console.print(_headline(outcomes))
    table = _table("case", limits.correlation)
    for outcome in outcomes:
        table.add_row(outcome.case.name, *_cells(outcome))
    console.print(table)
    for outcome in outcomes:
        if len(outcomes) > 1 and (outcome.images is None or not outcome.images.clean):
            _say(console, f"{outcome.case.name}:", indent=2)
        _details(console, outcome, 2 if len(outcomes) == 1 else 4)
    console.print(f"kept in {folder}", style="dim", soft_wrap=True)


def image_page(console: Console, images: ImageVerdict) -> None:
    """Print what `firstbad diff` says of two image files: their verdict, and what the two numbers cannot see."""
    if images.clean:
        how = "the images are identical" if images.identical else "the images agree but for rounding"
        console.print(f"[bold green]SAME[/] {how}")
    elif images.passed:
        console.print("[bold yellow]DIFFERENT[/] correlation and sum pass the gate, yet the images differ")
    else:
        console.print("[bold red]DIFFERENT[/] the candidate's image fails the gate")
    table = _table("", images.gate.correlation)
    table.add_row("", *_numbers(images))
    console.print(table)
    _reasons(console, images, 2)


def _headline(outcomes: Sequence[Outcome]) -> str:
    cases = count(len(outcomes), "case")
    judged = [o.images for o in outcomes if o.images is not None]
    failed = sum(not images.passed for images in judged)
    noticed = sum(not images.clean for images in judged)
    if len(judged) < len(outcomes):
        return f"[bold red]TROUBLE[/] {len(outcomes) - len(judged)} of {cases} gave no pair of images"
    if failed:
        return f"[bold red]DIFFERENT[/] {failed} of {cases} failed the gate"
    if noticed:
        return f"[bold yellow]PASSED[/] {cases} passed the gate, {noticed} with findings that the gate does not see"
    return f"[bold green]SAME[/] {cases} passed the gate, none failed"


def _table(first: str, correlation: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in (first, "verdict", f"correlation ≥ {correlation:g}", "sum ratio"):
        table.add_column(name, overflow="fold")
    return table


def _cells(outcome: Outcome) -> tuple[str, str, str]:
    if outcome.images is None:
        return f"[red]{outcome.verdict.kind}[/]", "-", "-"
    return _numbers(outcome.images)


def _numbers(images: ImageVerdict) -> tuple[str, str, str]:
    word = "[green]pass[/]" if images.passed else "[red]fail[/]"
    return word, _digits(images.correlation), f"{images.sum_ratio:.6g}"


def _digits(correlation: float) -> str:
    """As many digits as tell the value from 1."""
    return f"{correlation:.6f}" if not correlation > 0.999999 else f"{correlation:.12g}"


def _details(console: Console, outcome: Outcome, indent: int) -> None:
    if outcome.images is not None:
        _reasons(console, outcome.images, indent)
        return
    _say(console, outcome.verdict.reason, indent)
    kept = outcome.candidate.folder.parent.name
    remedy = f"run the command by hand: command.json, stdout and stderr of each run lie in {kept}"
    _say(console, remedy, indent + 2, "dim")


def _reasons(console: Console, images: ImageVerdict, indent: int) -> None:
    """Why the gate fails, what else was found, and of how many findings that is the cause."""
    for reason in images.reasons:
        _say(console, reason, indent)
    for finding in images.told:
        _say(console, finding.text, indent, "yellow")
    rest = len({f.kind for f in images.findings} - {f.kind for f in images.told})
    if rest:
        _say(console, f"{count(rest, 'other finding')} follow{'s' * (rest == 1)} from that: see --json", indent, "dim")


def _say(console: Console, text: str, indent: int, style: str = "") -> None:
    """A sentence, continued on lines below it that begin a little further in; a path or a command is not broken."""
    blank = " " * indent
    lines = textwrap.wrap(
        text,
        console.width,
        initial_indent=blank,
        subsequent_indent=blank + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        console.print(Text(line, style=style), soft_wrap=True)
