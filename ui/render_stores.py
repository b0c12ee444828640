"""Two stores on the screen: the first line is the answer, then the causes, the pixels to trace, the quantities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .values import count, shortened

if TYPE_CHECKING:
    from ..tracer.store_judge import Judgement, StoresDiff

SHOWN = 12


def stores_page(console: Console, diff: StoresDiff, pictures: list[Path], *, everything: bool = False) -> None:
    """Print `diff`; with `everything` each set of origins and each quantity, also those that agree."""
    console.print(_headline(diff), soft_wrap=True)
    if diff.settings:
        console.print(Text("settings differ, look here first", style="bold"))
    for name, left, right in diff.settings:
        console.print(Text(f"  {name}: reference {left}, candidate {right}"), soft_wrap=True)
    if diff.settings:
        console.print()
    for line in lone_lines(diff, everything=everything):
        console.print(Text(line), soft_wrap=True)
    _causes(console, diff)
    _sets(console, diff, everything)
    _columns(console, diff, everything)
    for side, names in (("reference", diff.screened.only_reference), ("candidate", diff.screened.only_candidate)):
        if names:
            console.print(Text(f"only the {side} has {', '.join(names)}"), soft_wrap=True)
    if diff.screened.order == "order":
        console.print(Text("no catalogue: the order of the quantities stood in for the graph", style="dim"))
    for path in pictures:
        console.print(Text(f"wrote {path}", style="dim"), soft_wrap=True)


def _headline(diff: StoresDiff) -> Text:
    screened = diff.screened
    size = f"{count(len(screened.pixels), 'pixel')}, {count(len(screened.columns), 'quantity')}"
    if diff.same:
        noise = sum(j.pixels for j in diff.judgements)
        more = f" (rounding shows at {count(noise, 'pixel')})" if noise else ""
        untold = f"; not compared: {', '.join(diff.untold)}" if diff.untold else ""
        return Text("SAME ", style="bold green") + Text(f"{size} agree{more}{untold}")
    causes = diff.causes
    if not causes:
        return Text("DIFFERENT ", style="bold yellow") + Text(f"no origin; {no_origin(diff)}; {size}")
    names = "; ".join(" and ".join(quantities) for quantities, _, _ in causes[:4])
    said = f"first bad: {names}" if len(causes) == 1 else f"{len(causes)} separate causes: {names}"
    more = " …" if len(causes) > 4 else ""
    where = f" ({diff.accused} of {count(len(screened.pixels), 'pixel')})"
    return Text("DIFFERENT ", style="bold red") + Text(said + more, style="bold") + Text(where)


def no_origin(diff: StoresDiff) -> str:
    """Why two stores are not the same although no quantity is an origin."""
    if diff.sampling is not None:
        return f"other {diff.sampling.what}s were recorded"
    if diff.screened.only_reference or diff.screened.only_candidate:
        return "quantities on one side only"
    if any(diff.alone):
        return "pixels on one side only"
    roles = {role for one in diff.judgements for _, role in one.beside}
    if "config" in roles:
        return "a setting differs"
    return "records on one side only" if "missing" in roles else "a decision flipped, or what differs heals"


def lone_lines(diff: StoresDiff, *, everything: bool = False) -> Iterator[str]:
    """What of two stores has no partner: pixels of one side, and records inside a pixel that was sampled otherwise."""
    yield from lone_pixels(diff.alone)
    if diff.untold:
        which = "a word" if len(diff.untold) == 1 else "words"
        yield f"not compared: {', '.join(diff.untold)} ({which} that an older store does not hold: trace both again)"
    one = diff.sampling
    if one is not None:
        pixel = "pixel" if one.what == "subpixel" else "subpixel"
        yield f"the reference has {count(one.reference, one.what)} of each {pixel}, the candidate {one.candidate}:"
        names = f": {', '.join(sorted(one.unpaired))}" if everything else ""
        yield f"  nothing inside a {pixel} can be paired ({count(len(one.unpaired), 'quantity')} left out{names})"
        yield f"  {_REMEDY[one.what]}"


def lone_pixels(alone: tuple[int, int]) -> Iterator[str]:
    """How many pixels one store of two has alone."""
    for side, pixels in zip(("reference", "candidate"), alone, strict=True):
        if pixels:
            yield f"only the {side} has {count(pixels, 'more pixel')}: what both have is compared"


_REMEDY = {
    "subpixel": "to compare them, trace both with the same -oversample",
    "step": "to compare them, trace both with --trace-steps, or none",
}


def _causes(console: Console, diff: StoresDiff) -> None:
    if not diff.causes:
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("cause", "pixels", "trace this one (slow fast)"):
        table.add_column(name, overflow="fold")
    for quantities, pixels, (slow, fast) in diff.causes[:SHOWN]:
        table.add_row(Text(" and ".join(quantities), style="bold red"), str(pixels), f"{slow} {fast}")
    console.print(table)
    if len(diff.causes) > SHOWN:
        console.print(Text(f"{len(diff.causes) - SHOWN} more causes (--json lists them)", style="dim"))


def _sets(console: Console, diff: StoresDiff, everything: bool) -> None:
    """Sets of origins, largest first, each with what the judge said at its pixel."""
    shown = diff.judgements if everything else diff.judgements[:SHOWN]
    if shown:
        console.print(Text("\npixels by their set of origins", style="bold"))
    for one in shown:
        slow, fast = one.pixel
        names = " and ".join(one.screened)
        console.print(Text(f"  {names}: {count(one.pixels, 'pixel')}, costliest {slow} {fast}"), soft_wrap=True)
        for said in _said(one):
            console.print(Text(f"    {said}", style="dim"), soft_wrap=True)
    if len(diff.judgements) > len(shown):
        console.print(Text(f"  {len(diff.judgements) - len(shown)} more sets (--all lists them)", style="dim"))


def _said(one: Judgement) -> list[str]:
    if one.noise:
        return ["judged there: rounding, not a difference"]
    said: list[str] = []
    for quantity, side, pattern in one.origins:
        fault = {"neither": "an input differs", "unknown": "the side cannot be told"}.get(side, f"{side} at fault")
        said.append(f"judged there: {quantity}, {fault}" + (f", looks like {shortened(pattern)}" if pattern else ""))
    for quantity, role in one.beside:
        said.append(f"judged there: {quantity} {_BESIDE[role]}")
    return said if one.judged else ["not judged: too many sets"]


_BESIDE = {
    "healed": "differs, what is computed from it agrees",
    "flipped": "differs, a decision flipped near a tie",
    "config": "differs, a setting",
    "missing": "has records that only one side has",
}


def _columns(console: Console, diff: StoresDiff, everything: bool) -> None:
    columns = [c for c in diff.screened.columns if everything or c.diverging]
    if not columns:
        return
    console.print()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("quantity", "diverges", "origin", "largest relative", "at (slow fast)", "NaN", "missing"):
        table.add_column(name, overflow="fold")
    for c in columns:
        place = f"{c.worst[0]} {c.worst[1]}" if c.worst and c.diverging else "-"
        table.add_row(
            c.name,
            str(c.diverging),
            str(c.origins),
            "a word" if c.name in diff.words else f"{c.largest:.3g}",
            place,
            str(c.nan or "-"),
            str(c.missing or "-"),
        )
    console.print(table)
