"""The gate's table: the first line is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .values import count

if TYPE_CHECKING:
    from ..bisect.inquiry import GateLimits
    from ..bisect.lab import Outcome


def gate_table(console: Console, outcomes: Sequence[Outcome], limits: GateLimits, folder: Path) -> None:
    """Print the answer, one row a case, what the two numbers cannot see, and where the artefacts lie."""
    console.print(_headline(outcomes))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("case", "verdict", f"correlation ≥ {limits.correlation:g}", "sum ratio"):
        table.add_column(name, overflow="fold")
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    console.print(table)
    for outcome in outcomes:
        _details(console, outcome)
    console.print(f"kept in {folder}", style="dim", soft_wrap=True)


def _headline(outcomes: Sequence[Outcome]) -> str:
    failed = [o for o in outcomes if o.images is not None and not o.images.passed]
    stuck = [o for o in outcomes if o.images is None]
    if stuck:
        return f"[bold red]TROUBLE[/] {len(stuck)} of {count(len(outcomes), 'case')} gave no pair of images"
    if failed:
        return f"[bold red]DIFFERENT[/] {len(failed)} of {count(len(outcomes), 'case')} failed the gate"
    return f"[bold green]SAME[/] {count(len(outcomes), 'case')} passed the gate, none failed"


def _cells(outcome: Outcome) -> tuple[str, str, str, str]:
    images = outcome.images
    if images is None:
        return outcome.case.name, f"[red]{outcome.verdict.kind}[/]", "-", "-"
    colour = "green" if images.passed else "red"
    word = "pass" if images.passed else "fail"
    return (
        outcome.case.name,
        f"[{colour}]{word}[/]",
        _digits(images.correlation),
        f"{images.sum_ratio:.6g}",
    )


def _digits(correlation: float) -> str:
    """As many digits as tell the value from 1."""
    return f"{correlation:.6f}" if not correlation > 0.999999 else f"{correlation:.12g}"


def _details(console: Console, outcome: Outcome) -> None:
    if outcome.images is None:
        console.print(f"  {outcome.case.name}: {outcome.verdict.reason}", markup=False, soft_wrap=True)
        kept = outcome.candidate.folder.parent.name
        remedy = f"    run the command by hand: command.json, stdout and stderr of each run lie in {kept}"
        console.print(remedy, markup=False, style="dim", soft_wrap=True)
        return
    for reason in outcome.images.reasons:
        console.print(f"  {outcome.case.name}: {reason}", markup=False, soft_wrap=True)
    for finding in outcome.images.findings:
        console.print(f"  {outcome.case.name}: {finding.text}", markup=False, style="yellow", soft_wrap=True)
