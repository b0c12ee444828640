"""`firstbad ambient -- COMMAND`: which file or variable around a failing run brings the failure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..output import SAME, TROUBLE, console, say_json


def register(app: typer.Typer) -> None:
    """Put `ambient` on the application."""

    @app.command("ambient")
    def ambient(
        command: Annotated[list[str], typer.Argument(help="fails here, and would pass in a clean place; after --")],
        directory: Annotated[Path, typer.Option(help="where it fails")] = Path(),
        pattern: Annotated[list[str] | None, typer.Option(help="which files are suspects (all)")] = None,
        parents: Annotated[int, typer.Option(min=0, help="levels up whose files are suspects too")] = 3,
        home: Annotated[list[str] | None, typer.Option(help="globs of suspects at home (the usual ones)")] = None,
        folder: Annotated[list[str] | None, typer.Option(help="LABEL=PATH: another folder of suspects")] = None,
        always: Annotated[list[str] | None, typer.Option(help="a file or $VARIABLE that is no suspect")] = None,
        timeout: Annotated[float, typer.Option(help="seconds a run may take")] = 600.0,
        metric: Annotated[str, typer.Option(help="judge by a number, as in bisect")] = "",
        rule: Annotated[str, typer.Option(help="which numbers are good")] = "nearer",
        hunt: Annotated[str, typer.Option(help="signature of the failure; empty: that seen here, '*': any")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find the file or environment variable that makes COMMAND fail here, by running it in clean rooms.

        What is named fails alone in a clean place, and without it the failure goes. Your files are only copied.
        Exit 0 something is named, 1 it is nothing that lies around, 2 trouble or unsteady.
        """
        from ...bisect.axes.survey import survey, usual_home
        from ...bisect.bisect_sets import search_surroundings
        from ...bisect.run.sandbox import clean_environment
        from ..render_bisect import surroundings_page
        from .bisect import _pairs, _probe

        probe = _probe(command, metric, rule, hunt, timeout, 0, "")
        words = " ".join(command).split()
        axis = survey(
            directory,
            parents=parents,
            patterns=pattern or ["*"],
            home=usual_home(words) if home is None else home,
            folders={label: Path(path) for label, path in _pairs(folder, "--folder LABEL=PATH")},
            variables=clean_environment(),
            always=always or (),
            exclude=[Path(w) for w in words if Path(w).is_absolute()],
        )
        story = console(stderr=True)
        count = 0

        def told(chosen: frozenset[str], verdict: object, left: int) -> None:
            nonlocal count
            count += 1
            kind = getattr(verdict, "kind", "")
            story.print(f"[dim]{count:>8}[/]  {len(chosen)} of {len(axis.points)}: {kind}  [dim]({left} left)[/]")

        found = search_surroundings(axis, probe, None if as_json else told)
        kind = type(found.result).__name__
        if as_json:
            say_json({
                "result": kind, "named": [list(s) for s in found.sets], "probes": found.probes,
                "suspects": found.points,
                "evidence": list(found.result.evidence), "read": list(found.read), "notes": list(found.notes),
            })  # fmt: skip
        else:
            surroundings_page(console(), found)
        return {"NotHere": 1, "Flaky": TROUBLE}.get(kind, SAME)
