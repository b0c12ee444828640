"""`firstbad diff REFERENCE CANDIDATE`: which quantity went bad first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..output import DIFFERENT, SAME, console, say_json


def register(app: typer.Typer) -> None:
    """Put `diff` on the application."""

    @app.command("diff")
    def diff(
        reference: Annotated[Path, typer.Argument(help="trace of the trusted program")],
        candidate: Annotated[Path, typer.Argument(help="trace of the port")],
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        show_all: Annotated[bool, typer.Option("--all", help="list every quantity, also those that agree")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Compare two traces: the origins first, what they drag along, what heals, what only one side has.

        Exit 0 same, 1 different, 2 trouble.
        """
        from ...tracer.catalogue import load
        from ...tracer.diff import compare
        from ...tracer.text import read

        found = compare(read(reference), read(candidate), load(catalogue) if catalogue else load())
        if as_json:
            say_json(found.as_dict())
        else:
            from ..render_diff import diff_page

            diff_page(console(), found, everything=show_all)
        return SAME if found.same else DIFFERENT
