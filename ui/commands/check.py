"""`firstbad check TRACE`: does every value follow from its own parents? Needs no second trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import DIFFERENT, SAME, console, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from ...tracer.catalogue import Catalogue
    from ...tracer.closure_result import ClosureResult


def register(app: typer.Typer) -> None:
    """Put `check` on the application."""

    @app.command("check")
    def check(
        trace: Annotated[Path, typer.Argument(help="the trace")],
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        noise: Annotated[Path | None, typer.Option(help="a noise table (firstbad calibrate)")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Evaluate each quantity's formula from the values in the same trace; the first that fails is named.

        What follows but for a wrong unit label is told. Exit 0 everything follows, 1 something does not, 2 trouble
        (also where nothing can be checked).
        """
        from ...tracer.closure import check as closures
        from ...tracer.closure_result import first_broken
        from ...tracer.text import read
        from ..known import choose

        whole, (known, note) = read(trace), choose(catalogue, noise, trace)
        results = closures(whole, known)
        if all(r.holds is None for r in results):
            _refuse(trace, results, note)
        broken = [r for r in results if r.holds is False]
        first = first_broken(results)
        if as_json:
            say_json(
                {
                    "trace": whole.name,
                    "sealed": whole.sealed,
                    "checked": sum(r.holds is not None for r in results),
                    "first": _row(first) if first else None,
                    "broken": [_row(r) for r in broken],
                    "skipped": [{"line": s.line, "text": s.text, "reason": s.reason} for s in whole.skipped],
                }
            )
        else:
            _page(results, first, known)
        return DIFFERENT if first else SAME


def _refuse(trace: Path, results: list[ClosureResult], note: str) -> None:
    """A check that checked nothing must not look like one that passed."""
    from ...tracer.errors import FirstbadError

    why = f": {note}" if note else f": {results[0].quantity}: {results[0].why}" if results else ""
    raise FirstbadError(
        f"{trace} holds no value that a formula of the catalogue can be evaluated for{why}",
        remedy="Give the formulas of your program with --catalogue (docs/catalogue.md)",
        slug="nothing-to-check",
    )


def _row(result: ClosureResult) -> dict[str, Any]:
    from ...tracer.place import place

    return {
        "quantity": result.quantity,
        "line": result.record.line,
        "scope": place(result.record),
        "value": list(result.record.values),
        "expected": result.expected,
        "factor": result.factor,
        "unit_label": result.label,
        "formula": result.formula,
        "why": result.why,
    }


def _page(results: list[ClosureResult], first: ClosureResult | None, known: Catalogue) -> None:
    from rich.text import Text

    out = console()
    held = sum(r.holds is True for r in results)
    labels = [r for r in results if r.label]
    broken = [r for r in results if r.broken]
    if first is None:
        out.print(Text("CLOSED ", style="bold green") + Text(f"{held + len(labels)} values follow from their parents"))
    else:
        out.print(Text("BROKEN ", style="bold red") + Text(f"{first.quantity} does not follow from its parents"))
    for group in (*_groups(broken), *_groups(labels)):
        for line in _told(group, results, known):
            out.print(line, soft_wrap=True)
    counts = [f"{held} hold", f"{len(labels)} but for their unit label" if labels else "", f"{len(broken)} do not"]
    unknown = sum(r.holds is None for r in results)
    text = ", ".join(c for c in (*counts, f"{unknown} cannot be checked from this trace") if c)
    out.print(Text(text, style="dim"), soft_wrap=True)


def _groups(results: list[ClosureResult]) -> list[list[ClosureResult]]:
    """Records of one quantity and formula together, in the order of their first ones."""
    found: dict[tuple[str, str], list[ClosureResult]] = {}
    for result in results:
        found.setdefault((result.quantity, result.formula), []).append(result)
    return list(found.values())


def _told(group: list[ClosureResult], results: list[ClosureResult], known: Catalogue) -> Iterator[Text]:
    """What is wrong with the first record of a group, and how many others are like it."""
    from rich.text import Text

    from ..values import formula_words, where

    result = group[0]
    step, formula = where(result.record), formula_words(result.formula, known.get(result.quantity))
    why = result.why.replace(result.formula, formula) if result.formula else result.why
    why = why if why.startswith(result.quantity) else f"{result.quantity} {why}"
    yield Text(f"  line {result.record.line}{f' ({step})' if step else ''}: {why}")
    for line in _values(result):
        yield Text(f"    {line}", style="dim")
    if result.formula and formula not in why:
        yield Text(f"    formula {formula}", style="dim")
    if len(group) > 1:
        every = sum(r.quantity == result.quantity for r in results)
        yield Text(f"    so in {len(group)} of {every} records (--json lists them)", style="dim")


def _values(result: ClosureResult) -> tuple[str, ...]:
    """What was printed and, where there is such a value, what the formula gives; in full where twelve digits agree."""
    from ..values import short

    printed, given = result.record.values, result.expected
    if result.invariant or len(printed) != len(given):
        return (f"printed {short(printed, 12)}",)
    one, two = short(printed, 12), short(given, 12)
    if one == two:
        one, two = " ".join(result.record.tokens), short(given, 17)
    return f"printed       {one}", f"formula gives {two}"
