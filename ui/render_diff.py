"""A diff on the screen: the first line is the answer, then origins, what they drag along, and what heals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .values import count, formula_words, pair, settings_words, short, shortened, unread_words, where

if TYPE_CHECKING:
    from ..tracer.catalogue import Catalogue
    from ..tracer.diff import Alone, Diff, Finding

_ALONE = 8
"""Quantities on one side only that get a line each."""
_LEAST_COST, _MOST_COST = 1e-2, 690.0
"""|ln| of what an origin makes of the final intensity: not worth a line below the one, no float above the other."""
_NAMED = 6
"""Origins that the first line names: the dearest come first."""
_STRANGERS = 5
"""So many times more quantities on one side than on both: two traces that hardly belong together."""
_SKIPPED = 5
"""Lines that were not read, of which each trace shows so many."""


def diff_page(console: Console, diff: Diff, catalogue: Catalogue, *, everything: bool = False) -> None:
    """Print `diff`; with `everything` also the quantities that agree. `catalogue` words what is too long to print."""
    console.print(_headline(diff))
    if stranger := _strangers(diff):
        console.print(Text(stranger, style="yellow"), soft_wrap=True)
    _settings(console, diff)
    healed = "healed: they differ, yet what is computed from them agrees"
    _findings(console, _origins(diff), diff.origins, "bold red", diff, catalogue)
    _findings(console, "decisions that flipped near a tie", diff.flipped, "yellow", diff, catalogue)
    _dragged(console, diff)
    _findings(console, healed, diff.healed, "cyan", diff, catalogue)
    _alone(console, diff.missing, everything=everything)
    _unread(console, diff)
    if everything:
        _agreeing(console, diff)
    _footer(console, diff)


def _headline(diff: Diff) -> Text:
    if diff.same:
        number, noun = (diff.lines, "trace line") if diff.lines else (len(diff.judged), "record")
        agree = f"{count(number, noun)} agree{'s' if number == 1 else ''}"
        return Text("SAME ", style="bold green") + Text(agree, style="default")
    if not diff.origins:
        what = [
            count(len(diff.flipped), "flipped decision") if diff.flipped else "",
            count(len(diff.healed), "healed quantity") if diff.healed else "",
            f"{count(len(diff.missing), 'quantity')} on one side only" if diff.missing else "",
            settings_words(diff),
            unread_words(diff),
        ]
        return Text("DIFFERENT ", style="bold yellow") + Text("no origin; " + ", ".join(w for w in what if w))
    names = ", ".join(f.quantity for f in diff.origins[:_NAMED])
    more = f" and {len(diff.origins) - _NAMED} more" if len(diff.origins) > _NAMED else ""
    return Text("DIFFERENT ", style="bold red") + Text(f"first bad: {names}{more}", style="bold")


def _origins(diff: Diff) -> str:
    """Parents that are in neither trace cannot be said to agree."""
    told = [c for f in diff.origins for c in (f.reference_closure, f.candidate_closure) if c is not None]
    what = (
        "all that is traced of what they come from"
        if any(closure.lacks for closure in told)
        else "everything they come from"
    )
    return f"origins: they differ although {what} agrees"


def _strangers(diff: Diff) -> str:
    """What to ask first where the traces have next to nothing in common."""
    common = len({judged.quantity for judged in diff.judged if judged.both})
    apart = sum(not one.partly for one in diff.missing)
    if apart < _STRANGERS * max(1, common):
        return ""
    return f"{count(common, 'quantity')} on both sides, {apart} on one alone: do they trace the same things?"


def _settings(console: Console, diff: Diff) -> None:
    if not diff.config:
        return
    what = "units" if all(setting.source == "unit" for setting in diff.config) else "settings"
    console.print(Text(f"\n{what} differ, look here first", style="bold"))
    for setting in diff.config:
        absent = "none fits" if setting.source == "inferred" else "not given"
        told = pair(setting.reference, setting.candidate)
        left, right = (
            t if v is not None else absent for t, v in zip(told, (setting.reference, setting.candidate), strict=True)
        )
        note = " (inferred from the trace)" if setting.source == "inferred" else ""
        console.print(Text(f"  {setting.name}: reference {left}, candidate {right}{note}"), soft_wrap=True)


def _findings(
    console: Console, title: str, findings: Sequence[Finding], style: str, diff: Diff, catalogue: Catalogue
) -> None:
    if not findings:
        return
    console.print(Text(f"\n{title}", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("quantity", "reference", "candidate", "at fault"):
        table.add_column(name, overflow="fold")
    notes: list[Text] = []
    for finding in findings:
        left, right = pair(*_values(finding))
        table.add_row(Text(finding.quantity, style=style), left, right, _side(finding, diff, catalogue))
        notes += _notes(finding, catalogue, ranked=len(diff.origins) > 1)
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)


def _values(finding: Finding) -> tuple[object, object]:
    return finding.reference.values, finding.candidate.values


def _side(finding: Finding, diff: Diff, catalogue: Catalogue) -> str:
    """What follows from its parents on both sides is no input: the settings above made it another one."""
    closures = (finding.reference_closure, finding.candidate_closure)
    follows = all(closure is not None and closure.holds for closure in closures)
    quantity = catalogue.get(finding.quantity)
    innocent = "an input"
    if follows and diff.config:
        innocent = "a setting"
    elif quantity is not None and quantity.kind == "derived" and quantity.parents:
        innocent = "what it reads"
    words = {"neither": f"neither: {innocent}", "unknown": "cannot be told"}
    return words.get(str(finding.side), str(finding.side))


def _notes(finding: Finding, catalogue: Catalogue, *, ranked: bool) -> list[Text]:
    """What is known of one finding; its cost where several are ranked by it."""
    notes: list[Text] = []
    if ranked and finding.cost is not None and _LEAST_COST < finding.cost < math.inf:
        factor = f"{math.exp(min(finding.cost, _MOST_COST)):.3g}"
        notes.append(Text(f"  {finding.quantity} costs a factor of {factor} in the intensity", style="bold"))
    if finding.pattern is not None:
        text = f"  {finding.quantity} looks like {shortened(finding.pattern.text)} ({finding.pattern.confidence:.0%})"
        notes.append(Text(text, style="magenta"))
    if why := _why(finding, catalogue):
        notes.append(Text(f"  {finding.quantity}: {why}", style="dim"))
    if place := _place(finding):
        notes.append(Text(f"  {finding.quantity} differs {place}", style="dim"))
    if finding.candidate.source:
        notes.append(Text(f"  {finding.quantity} is recorded at {finding.candidate.source}", style="dim"))
    return notes


def _place(finding: Finding) -> str:
    """In how many records, and in which the values differ that are shown."""
    many = f"in {finding.different} of {finding.records} records" if finding.different > 1 else ""
    step = where(finding.reference)
    return f"{many}, shown at {step}" if many and step else f"at {step}" if step else many


def _why(finding: Finding, catalogue: Catalogue) -> str:
    """The reason without the name of the quantity, which stands before it already; long formulas in words."""
    why = finding.why
    for told in (finding.reference_closure, finding.candidate_closure):
        if told is not None and told.formula:
            why = why.replace(told.formula, formula_words(told.formula, catalogue.get(finding.quantity)))
    side, colon, rest = why.partition(": ")
    name = f"{finding.quantity}: "
    if not colon or side not in ("reference", "candidate"):
        return why.removeprefix(name)
    first, _, second = rest.partition("; candidate: ")
    if first == second:
        return first
    rest = rest.removeprefix(name).removeprefix(f"{finding.quantity} ")
    return f"in the {side}, {rest}" if not rest.startswith("is ") else f"the {side}'s {rest}"


def _dragged(console: Console, diff: Diff) -> None:
    if not diff.inherited:
        return
    whence = "of the above" if diff.origins or diff.flipped else "one side lacks records"
    console.print(Text(f"\ninherited: they differ because {whence}", style="bold"))
    diverging = {f.quantity for f in (*diff.origins, *diff.flipped, *diff.inherited)}
    for finding in diff.inherited:
        lacking = [name for name in finding.because if name not in diverging]
        because = ", ".join(finding.because) + (", of which one side lacks records" if lacking else "")
        console.print(Text(f"  {finding.quantity}  from {because}"), soft_wrap=True)


def _alone(console: Console, missing: Sequence[Alone], *, everything: bool) -> None:
    if not missing:
        return
    console.print(Text("\non one side only", style="bold"))
    for side in dict.fromkeys(one.side for one in missing):
        whole = [one for one in missing if one.side is side and not one.partly]
        few = everything or len(whole) <= _ALONE
        for one in missing:
            if one.side is side and (few or one.partly):
                lines = ", ".join(str(r.line) for r in one.records[:8]) + (
                    " …" if len(one.records) + one.more > 8 else ""
                )
                some = "some records of " if one.partly else ""
                console.print(Text(f"  {some}{one.quantity}: only the {side} has it (line {lines})"), soft_wrap=True)
        if not few:
            names = ", ".join(one.quantity for one in whole[:_ALONE])
            text = f"  only the {side} has {len(whole)} quantities: {names} … (--all lists them)"
            console.print(Text(text), soft_wrap=True)


def _unread(console: Console, diff: Diff) -> None:
    if not any(diff.unread.values()):
        return
    console.print(Text("\nnot read, and not the same on both sides: a difference may hide here", style="bold"))
    for trace, (side, lines) in zip((diff.reference, diff.candidate), diff.unread.items(), strict=True):
        for line in lines[:_SKIPPED]:
            text = f"  {side}, line {line.line}: {line.text[:80]} ({line.reason})"
            console.print(Text(text, style="yellow"), soft_wrap=True)
        if not lines:
            console.print(Text(f"  {side}: no such line in {trace.name}", style="yellow"), soft_wrap=True)
        _more(console, trace.name, len(lines))


def _more(console: Console, name: str, lines: int) -> None:
    if lines > _SKIPPED:
        more = f"{name}: {lines - _SKIPPED} more lines were not read (--json lists them)"
        console.print(Text(more, style="yellow"), soft_wrap=True)


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
    shown = f"of the {count(len(diff.judged), 'record')} shown: " if diff.lines else ""
    console.print(Text(f"\n{shown}{counts}{_headings(diff)}", style="dim"), soft_wrap=True)
    for note in _merged(diff.notes):
        console.print(Text(note, style="dim"), soft_wrap=True)
    told = {line for lines in diff.unread.values() for line in lines}
    for trace in (diff.reference, diff.candidate):
        lost = [skipped for skipped in trace.skipped if skipped.lost and skipped not in told]
        for skipped in lost[:_SKIPPED]:
            text = f"{trace.name}:{skipped.line} was not read: {skipped.reason}: {skipped.text[:60]}"
            console.print(Text(text, style="yellow"), soft_wrap=True)
        _more(console, trace.name, len(lost))


def _headings(diff: Diff) -> str:
    """Headings among the TRACE lines, which hold no value."""
    counts = [sum(not skipped.lost for skipped in trace.skipped) for trace in (diff.reference, diff.candidate)]
    if not any(counts):
        return ""
    return f"; {counts[0]} headings in each" if counts[0] == counts[1] else f"; {counts[0]} and {counts[1]} headings"


def _merged(notes: Sequence[str]) -> list[str]:
    """One line where the same is to be said of both traces."""
    both = [f"the {side} is unsealed: nothing tells whether it is whole" for side in ("reference", "candidate")]
    if all(note in notes for note in both):
        rest = [note for note in notes if note not in both]
        return ["neither trace is sealed: nothing tells whether they are whole", *rest]
    return list(notes)
