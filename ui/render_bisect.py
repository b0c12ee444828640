"""The answer of a commit search: one sentence, the commit, the evidence, how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..bisect.bisect_commits import Outcome
    from ..bisect.bisect_sets import Found
    from ..bisect.run.story import Listed, Replay
    from ..bisect.run.traces import Moved, QuantityTable
    from ..bisect.verdict import Result


def bisect_page(console: Console, outcome: Outcome) -> None:
    """Print the outcome; its first line is the answer."""
    name = type(outcome.result).__name__
    console.print(_headline(outcome))
    for commit in outcome.named:
        console.print(Text(f"  {commit.commit}  {commit.subject}", style="bold"), soft_wrap=True)
        console.print(Text(f"    {commit.author}, {commit.date}; {_files(commit.files)}", style="dim"), soft_wrap=True)
    for line in outcome.result.evidence:
        console.print(Text(f"  · {line}"), soft_wrap=True)
    if name == "Flaky":
        console.print(Text("run it again with --flaky auto: each commit then answers as often as it takes"))
    cached = f", {outcome.cached} of them known from earlier" if outcome.cached else ""
    console.print(Text(f"{outcome.probes} probes{cached}, {outcome.seconds:.1f} s", style="dim"))
    console.print(Text(f"journal {outcome.journal}", style="dim"), soft_wrap=True)


def _files(files: tuple[str, ...]) -> str:
    return ", ".join(files[:4]) + (f" and {len(files) - 4} more files" if len(files) > 4 else "")


def _headline(outcome: Outcome) -> Text:
    name = type(outcome.result).__name__
    count = len(outcome.named)
    sought = "the commit that repaired it" if outcome.repair else "the first bad commit"
    skipped = len(getattr(outcome.result, "skipped", ()))
    sentence = {
        "Culprit": f"{sought} is {outcome.commit.commit[:12] if outcome.commit else ''}",
        "Candidates": f"{sought} is one of {count}, of which {skipped} could not be tried",
        "NotHere": f"no commit in this range did it: {_ends(outcome)}",
        "Flaky": "the answers are not steady",
        "Several": f"{count} commits matter",
    }[name]
    style = "bold green" if name == "Culprit" else "bold yellow"
    return Text(f"{name}: ", style=style) + Text(sentence)


def _ends(outcome: Outcome) -> str:
    said = " ".join(outcome.result.evidence)
    if " is bad" in said and " is good" not in said:
        return "the good commit is bad too"
    return "the bad commit is good too" if " is good" in said and " is bad" not in said else "the ends agree"


def edits_lines(console: Console, found: Found) -> None:
    """Which edits of the culprit matter, and of how many."""
    if not found.sets:
        console.print(Text("no part of its change does it alone: " + "; ".join(found.result.evidence)), soft_wrap=True)
    for one in found.sets:
        together = ", only together" if len(one) > 1 else ""
        verb = "matter" if len(one) > 1 else "matters"
        console.print(Text(f"{len(one)} of its {found.points} edits {verb}{together}:", style="bold"))
        for edit in one:
            console.print(Text(f"  {edit}"), soft_wrap=True)
    _effort(console, found, " more probes")


def found_page(console: Console, found: Found) -> None:
    """What matters among so many files and variables, flags, or edits."""
    sets = [" and ".join(one) + (", only together" if len(one) > 1 else "") for one in found.sets]
    style = "bold green" if sets else "bold yellow"
    name = type(found.result).__name__
    said = "; or ".join(sets) or _unnamed(found)
    console.print(Text(f"{name}: ", style=style) + Text(said), soft_wrap=True)
    for line in (*found.result.evidence, *found.read):
        console.print(Text(f"  · {line}"), soft_wrap=True)
    for note in found.notes:
        console.print(Text(f"  {note}", style="dim"), soft_wrap=True)
    _effort(console, found, f" probes among {found.points} {found.what}")


def _unnamed(found: Found) -> str:
    """Why none of them is named."""
    kind, said = type(found.result).__name__, " ".join(found.result.evidence)
    if kind == "Flaky":
        return "the answers are not steady"
    if kind == "NotHere":
        nothing, everything = found.ends
        why = f"{nothing} is bad too" if f"{nothing} is bad" in said else f"{everything} is good too"
        return f"none of {found.points} {found.what} does it: {why}"
    return f"nothing is named among {found.points} {found.what}"


def _effort(console: Console, found: Found, more: str) -> None:
    cached = f", {found.cached} of them known from earlier" if found.cached else ""
    console.print(Text(f"{found.probes}{more}{cached}, {found.seconds:.1f} s", style="dim"))
    console.print(Text(f"journal {found.journal}", style="dim"), soft_wrap=True)


def _columns(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def tried_table(console: Console, place: str, played: Replay) -> None:
    """Every attempt of a search with its verdict, and how the search stands."""
    console.print(Text(f"{len(played.tried)} probes of {place}"), soft_wrap=True)
    table = _columns("commit" if played.among == "commits" else "tried", "verdict", "seconds", "said")
    for one in played.tried:
        row = (one.label, str(one.verdict.kind), f"{one.seconds:.2f} s", one.verdict.reason)
        table.add_row(*(Text(word) for word in row))
    console.print(table)
    if played.result is not None:
        result_lines(console, played.result)
    else:
        console.print(Text(f"not finished: {played.left} {played.among} left"))


def result_lines(console: Console, result: Result) -> None:
    """A result and its evidence."""
    from ..bisect.run.story import accused

    named = ", ".join(point[:12] for point in accused(result))
    console.print(Text(f"{type(result).__name__}: {named}".rstrip(": "), style="bold"), soft_wrap=True)
    for line in result.evidence:
        console.print(Text(f"  · {line}"), soft_wrap=True)


def searches_table(console: Console, found: Sequence[Listed]) -> None:
    """All searches there are, newest first."""
    table = _columns("begun", "among", "state", "probes", "command", "journal")
    for one in found:
        state = f"{one.state} {one.culprit[:12] if one.axis == 'commits' else one.culprit}".strip()
        row = (one.begun[:19].replace("T", " "), one.axis, state, str(one.probes), one.question, str(one.path))
        table.add_row(*(Text(word) for word in row))
    console.print(table if found else Text("no search was made yet"))


def quantities_table(console: Console, table: QuantityTable) -> None:
    """Which commit moved which quantity; a row whose runs do not settle it says what to try next."""
    moved = _columns("quantity", "moved by", "first seen as")
    for row in table.rows:
        first = next((role for role in row.roles.values() if role not in ("agrees", "missing")), "missing")
        moved.add_row(Text(row.quantity, style="bold"), Text(_mover(row)), Text(first))
    console.print(moved if table.rows else Text("no quantity differs at any commit that was tried"))
    for point, why in table.untold.items():
        console.print(Text(f"{point[:12]} says nothing: {why}", style="dim"), soft_wrap=True)


def _mover(row: Moved) -> str:
    from ..bisect.run.story import accused

    if row.result is None:
        return f"one of {row.open} commits; next to try: {row.next[:12]}"
    names = ", ".join(point[:12] for point in accused(row.result))
    return names or f"{type(row.result).__name__}: {row.result.evidence[0]}"
