"""`firstbad check TRACE`: does every value follow from its own parents? Needs no second trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import DIFFERENT, SAME, console, say_json

if TYPE_CHECKING:
    from ...tracer.closure import ClosureResult


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

        Exit 0 everything follows, 1 something does not, 2 trouble (also where nothing can be checked).
        """
        from ...tracer.catalogue import load
        from ...tracer.closure import check as closures
        from ...tracer.closure import first_broken
        from ...tracer.text import read

        whole = read(trace)
        results = closures(whole, load(catalogue, noise))
        if all(r.holds is None for r in results):
            _refuse(trace, results)
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
            _page(results, broken, first)
        return DIFFERENT if broken else SAME


def _refuse(trace: Path, results: list[ClosureResult]) -> None:
    """A check that checked nothing must not look like one that passed."""
    from ...tracer.errors import FirstbadError

    why = f": {results[0].quantity}: {results[0].why}" if results else ""
    raise FirstbadError(
        f"{trace} holds no value that a formula of the catalogue can be evaluated for{why}",
        remedy="Give the formulas of your program with --catalogue (docs/catalogue.md)",
        slug="nothing-to-check",
    )


def _row(result: ClosureResult) -> dict[str, Any]:
    return {
        "quantity": result.quantity,
        "line": result.record.line,
        "value": list(result.record.values),
        "expected": result.expected,
        "factor": result.factor,
        "unit_label": result.label,
        "formula": result.formula,
        "why": result.why,
    }


def _page(results: list[ClosureResult], broken: list[ClosureResult], first: ClosureResult | None) -> None:
    from rich.text import Text

    from ..values import short

    out = console()
    held = sum(r.holds is True for r in results)
    unknown = sum(r.holds is None for r in results)
    if first is None:
        out.print(Text("CLOSED ", style="bold green") + Text(f"{held} values follow from their parents"))
    else:
        out.print(Text("BROKEN ", style="bold red") + Text(f"{first.quantity} does not follow from its parents"))
    for result in broken:
        out.print(Text(f"  line {result.record.line}: {result.why}"), soft_wrap=True)
        out.print(Text(f"    printed {short(result.record.values, 12)}", style="dim"), soft_wrap=True)
        if result.formula:
            out.print(Text(f"    formula {result.formula}", style="dim"), soft_wrap=True)
    out.print(Text(f"{held} hold, {len(broken)} do not, {unknown} cannot be checked from this trace", style="dim"))
