"""`firstbad flags --good … --bad … -- COMMAND`: which option of a program or a compiler brings the failure."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from ...tracer.errors import FirstbadError
from .ambient import say_found, telling


def register(app: typer.Typer) -> None:
    """Put `flags` on the application."""

    @app.command("flags")
    def flags(
        command: Annotated[list[str], typer.Argument(help="with {flags} in it; after --")],
        good: Annotated[str, typer.Option(help="the flags with which it passes")],
        bad: Annotated[str, typer.Option(help="the flags with which it fails")],
        compiler: Annotated[bool, typer.Option("--compiler", help="they are a compiler's: -O3 takes no value")] = False,
        directory: Annotated[Path, typer.Option(help="copied for every run")] = Path(),
        timeout: Annotated[float, typer.Option(help="seconds a run may take")] = 600.0,
        metric: Annotated[str, typer.Option(help="judge by a number, as in bisect")] = "",
        rule: Annotated[str, typer.Option(help="which numbers are good")] = "nearer",
        hunt: Annotated[str, typer.Option(help="signature of the failure; empty: that of --bad, '*': any")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find the flags that make COMMAND fail: those that do it alone on top of the good line.

        Exit 0 something is named, 1 both lines agree, 2 trouble or unsteady.
        """
        from ...bisect.axes.flags import FlagAxis
        from ...bisect.axes.survey import survey
        from ...bisect.bisect_sets import search_flags
        from ...bisect.run.sandbox import clean_environment
        from .bisect import plain_probe

        if not any("{flags}" in word for word in command):
            raise FirstbadError(
                "the command has no place for the flags",
                remedy="Write {flags} where they belong: firstbad flags … -- 'cc {flags} sim.c && ./a.out'",
                slug="usage",
            )
        probe = plain_probe(command, metric, rule, hunt, timeout)
        axis = FlagAxis(shlex.split(good), shlex.split(bad), compiler=compiler)
        around = survey(directory, variables=clean_environment())
        return say_found(
            search_flags(axis, around, probe, telling(axis.points, quiet=as_json)), "flags", as_json=as_json
        )
