"""`firstbad ambient -- COMMAND`: which file or variable around a failing run brings the failure."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import SAME, TROUBLE, console, say_json

if TYPE_CHECKING:
    from ...bisect.bisect_sets import Found, Told
    from ...bisect.verdict import Verdict


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
        from .bisect import plain_probe, split_pairs

        probe = plain_probe(command, metric, rule, hunt, timeout)
        words = " ".join(command).split()
        axis = survey(
            directory,
            parents=parents,
            patterns=pattern or ["*"],
            home=usual_home(words) if home is None else home,
            folders={label: Path(path) for label, path in split_pairs(folder, "--folder LABEL=PATH")},
            variables=clean_environment(),
            always=[*(always or ()), *(Path(w).as_posix() for w in words)],
            exclude=[Path(w) for w in words if Path(w).is_absolute()],
        )
        found = search_surroundings(axis, probe, telling(axis.points, quiet=as_json))
        return say_found(found, "files and variables", as_json=as_json)


def telling(points: Collection[str], *, quiet: bool) -> Told | None:
    """Tell each probe on stderr as it ends."""
    if quiet:
        return None
    story, counted = console(stderr=True), iter(range(1, sys.maxsize))

    def told(chosen: frozenset[str], verdict: Verdict, left: int) -> None:
        names = ", ".join(sorted(chosen)) if 0 < len(chosen) <= 2 else f"{len(chosen)} of {len(points)}"
        story.print(f"[dim]{next(counted):>8}[/]  ", end="")
        story.print(f"with {names}: {verdict.kind} ({left} left)", markup=False, soft_wrap=True)

    return told


def say_found(found: Found, what: str, *, as_json: bool) -> int:
    """Print what an unordered search found; returns the exit status."""
    from ..render_bisect import found_page

    kind = type(found.result).__name__
    if as_json:
        say_json({
            "result": kind, "named": [list(s) for s in found.sets], "probes": found.probes,
            "suspects": found.points, "evidence": list(found.result.evidence), "read": list(found.read),
            "notes": list(found.notes),
        })  # fmt: skip
    else:
        found_page(console(), found, what)
    return {"NotHere": 1, "Flaky": TROUBLE}.get(kind, SAME)
