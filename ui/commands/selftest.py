"""`firstbad selftest A B`: plant faults in your own traces and see which of them would have been missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import DIFFERENT, SAME, console, say_json, say_note

if TYPE_CHECKING:
    from ...tracer.selftest import Planted, Report


def register(app: typer.Typer) -> None:
    """Put `selftest` on the application."""

    @app.command("selftest")
    def selftest(
        reference: Annotated[Path, typer.Argument(help="trace of the trusted program")],
        candidate: Annotated[Path, typer.Argument(help="trace of the port")],
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        noise: Annotated[Path | None, typer.Option(help="a noise table (firstbad calibrate)")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Plant a fault of every kind in every quantity, on either side. Exit 0 all found, 1 some missed."""
        from ...tracer.selftest import selftest as plant
        from ...tracer.text import read
        from ..known import choose

        traces = read(reference), read(candidate)
        known, note = choose(catalogue, noise, reference, candidate)
        report = plant(*traces, known)
        if as_json:
            say_json({**report.as_dict(), **({"notes": [note]} if note else {})})
        else:
            _page(report)
            say_note(note)
        return DIFFERENT if report.missed else SAME


def _page(report: Report) -> None:
    from rich.text import Text

    from ..values import count

    out = console()
    found = len(report.planted) - len(report.missed)
    style = "bold green" if not report.missed else "bold red"
    out.print(Text(f"{found} of {count(len(report.planted), 'planted fault')} found", style=style))
    for (fault, why), names in _grouped(report.missed, lambda p: (p.fault, p.why)):
        out.print(Text(f"  missed: {fault} in {names}: {why}"), soft_wrap=True)
    for (fault, blamed), names in _grouped(report.wrongly_blamed, lambda p: (p.fault, p.blamed)):
        text = f"  found, but blamed on the {blamed}: {fault} in {names}"
        out.print(Text(text, style="yellow"), soft_wrap=True)
    if report.before:
        out.print(Text("these differed before: " + ", ".join(report.before), style="dim"), soft_wrap=True)


def _grouped(planted: Iterable[Planted], key: Callable[[Planted], Any]) -> Iterator[tuple[Any, str]]:
    """Faults that have `key` in common: their quantities, and on which side; in the order of the first of each."""
    found: dict[Any, dict[str, list[str]]] = {}
    for one in planted:
        found.setdefault(key(one), {}).setdefault(one.quantity, []).append(str(one.side))
    for common, names in found.items():
        sides = {tuple(dict.fromkeys(told)) for told in names.values()}
        if len(sides) == 1:
            yield common, f"{', '.join(names)} of {_sides(next(iter(sides)))}"
        else:
            yield common, ", ".join(f"{name} of {_sides(tuple(told))}" for name, told in names.items())


def _sides(sides: tuple[str, ...]) -> str:
    return f"the {sides[0]}" if len(set(sides)) == 1 else "both sides"
