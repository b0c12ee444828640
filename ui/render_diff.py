"""A diff on the screen: the first line is the answer, then origins, what they drag along, and what heals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .values import count, pair, short

if TYPE_CHECKING:
    from ..tracer.diff import Alone, Diff, Finding


def diff_page(console: Console, diff: Diff, *, everything: bool = False) -> None:
    """Print `diff`; with `everything` also the quantities that agree."""
    console.print(_headline(diff))
    _settings(console, diff)
    _findings(console, "origins: they differ although everything they come from agrees", diff.origins, "bold red")
    _findings(console, "decisions that flipped near a tie", diff.flipped, "yellow")
    _dragged(console, diff)
    _findings(console, "healed: they differ, yet what is computed from them agrees", diff.healed, "cyan")
    _alone(console, diff.missing)
    if everything:
        _agreeing(console, diff)
    _footer(console, diff)


def _headline(diff: Diff) -> Text:
    if diff.same:
        return Text("SAME ", style="bold green") + Text(
            f"{len(diff.judged)} records agree" if len(diff.judged) != 1 else "1 record agrees", style="default"
        )
    if not diff.origins:
        what = [
            count(len(diff.flipped), "flipped decision") if diff.flipped else "",
            count(len(diff.healed), "healed quantity") if diff.healed else "",
            f"{count(len(diff.missing), 'quantity')} on one side only" if diff.missing else "",
            count(len(diff.config), "different setting") if diff.config else "",
        ]
        return Text("DIFFERENT ", style="bold yellow") + Text("no origin; " + ", ".join(w for w in what if w))
    names = ", ".join(f.quantity for f in diff.origins)
    return Text("DIFFERENT ", style="bold red") + Text(f"first bad: {names}", style="bold")


def _settings(console: Console, diff: Diff) -> None:
    if not diff.config:
        return
    console.print(Text("\nsettings differ, look here first", style="bold"))
    for setting in diff.config:
        left, right = pair(setting.reference, setting.candidate)
        note = " (inferred from the trace)" if setting.source == "inferred" else ""
        console.print(Text(f"  {setting.name}: reference {left}, candidate {right}{note}"), soft_wrap=True)


def _findings(console: Console, title: str, findings: Sequence[Finding], style: str) -> None:
    if not findings:
        return
    console.print(Text(f"\n{title}", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("quantity", "reference", "candidate", "at fault"):
        table.add_column(name, overflow="fold")
    notes: list[Text] = []
    for finding in findings:
        left, right = pair(*_values(finding))
        table.add_row(Text(finding.quantity, style=style), left, right, _side(finding))
        notes += _notes(finding)
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)


def _values(finding: Finding) -> tuple[object, object]:
    return finding.reference.values, finding.candidate.values


def _side(finding: Finding) -> str:
    words = {"neither": "neither: an input", "unknown": "-"}
    return words.get(str(finding.side), str(finding.side))


def _notes(finding: Finding) -> list[Text]:
    notes: list[Text] = []
    if finding.pattern is not None:
        text = f"  {finding.quantity} looks like {finding.pattern.text} ({finding.pattern.confidence:.0%})"
        notes.append(Text(text, style="magenta"))
    if finding.why:
        notes.append(Text(f"  {finding.quantity}: {_why(finding)}", style="dim"))
    if finding.different > 1:
        notes.append(
            Text(f"  {finding.quantity} differs in {finding.different} of {finding.records} records", style="dim")
        )
    if finding.candidate.source:
        notes.append(Text(f"  {finding.quantity} is recorded at {finding.candidate.source}", style="dim"))
    return notes


def _why(finding: Finding) -> str:
    """The reason without the name of the quantity, which stands before it already."""
    side, colon, rest = finding.why.partition(": ")
    name = f"{finding.quantity}: "
    if colon and side in ("reference", "candidate"):
        rest = rest.removeprefix(name).removeprefix(f"{finding.quantity} ")
        return f"in the {side}, {rest}" if not rest.startswith("is ") else f"the {side}'s {rest}"
    return finding.why.removeprefix(name)


def _dragged(console: Console, diff: Diff) -> None:
    if not diff.inherited:
        return
    console.print(Text("\ninherited: they differ because of the above", style="bold"))
    for finding in diff.inherited:
        because = ", ".join(finding.because)
        console.print(Text(f"  {finding.quantity}  from {because}"), soft_wrap=True)


def _alone(console: Console, missing: Sequence[Alone]) -> None:
    if not missing:
        return
    console.print(Text("\non one side only", style="bold"))
    for one in missing:
        lines = ", ".join(str(r.line) for r in one.records[:8]) + (" …" if len(one.records) > 8 else "")
        some = "some records of " if one.partly else ""
        console.print(Text(f"  {some}{one.quantity}: only the {one.side} has it (line {lines})"), soft_wrap=True)


def _agreeing(console: Console, diff: Diff) -> None:
    console.print(Text("\nevery record, in the order of the reference", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("quantity", "verdict", "reference", "candidate"):
        table.add_column(name, overflow="fold")
    for judged in diff.judged:
        reference, candidate = judged.pairing.reference, judged.pairing.candidate
        left = short(reference.values) if reference else "-"
        right = short(candidate.values) if candidate else "-"
        table.add_row(judged.quantity, str(judged.verdict), left, right)
    console.print(table)


def _footer(console: Console, diff: Diff) -> None:
    counts = ", ".join(f"{n} {word}" for word, n in diff.counts().items() if n)
    console.print(Text(f"\n{counts}", style="dim"), soft_wrap=True)
    for note in _merged(diff.notes):
        console.print(Text(note, style="dim"), soft_wrap=True)
    for trace in (diff.reference, diff.candidate):
        for skipped in trace.skipped[:5]:
            text = f"{trace.name}:{skipped.line} was not read: {skipped.reason}: {skipped.text[:60]}"
            console.print(Text(text, style="yellow"), soft_wrap=True)
        if len(trace.skipped) > 5:
            more = f"{trace.name}: {len(trace.skipped) - 5} more lines were not read (--json lists them)"
            console.print(Text(more, style="yellow"), soft_wrap=True)


def _merged(notes: Sequence[str]) -> list[str]:
    """One line where the same is to be said of both traces."""
    both = [f"the {side} is unsealed: nothing tells whether it is whole" for side in ("reference", "candidate")]
    if all(note in notes for note in both):
        rest = [note for note in notes if note not in both]
        return ["neither trace is sealed: nothing tells whether they are whole", *rest]
    return list(notes)
