"""`firstbad selftest A B`: plant faults in your own traces and see which of them would have been missed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..output import DIFFERENT, SAME, console, say_json


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
        from ...tracer.catalogue import load
        from ...tracer.selftest import selftest as plant
        from ...tracer.text import read

        report = plant(read(reference), read(candidate), load(catalogue, noise))
        if as_json:
            say_json(report.as_dict())
        else:
            _page(report)
        return DIFFERENT if report.missed else SAME


def _page(report) -> None:
    from rich.text import Text

    out = console()
    found = len(report.planted) - len(report.missed)
    style = "bold green" if not report.missed else "bold red"
    out.print(Text(f"{found} of {len(report.planted)} planted faults found", style=style))
    for planted in report.missed:
        out.print(
            Text(f"  missed: {planted.fault} in {planted.quantity} of the {planted.side} {planted.why}"), soft_wrap=True
        )
    for planted in report.wrongly_blamed:
        text = (
            f"  found, but blamed on the {planted.blamed}: {planted.fault} in {planted.quantity} of the {planted.side}"
        )
        out.print(Text(text, style="yellow"), soft_wrap=True)
    if report.before:
        out.print(Text("these differed before: " + ", ".join(report.before), style="dim"), soft_wrap=True)
