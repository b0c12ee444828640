"""`firstbad ambient -- COMMAND`: which file or variable that lies around makes it fail here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import SAME, TROUBLE, console, say_json

if TYPE_CHECKING:
    from ...bisect.bisect_sets import Found


def register(app: typer.Typer) -> None:
    """Put `ambient` on the application."""

    @app.command("ambient")
    def ambient(
        command: Annotated[
            list[str] | None, typer.Argument(help="fails here, passes in a clean place; after --")
        ] = None,
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
        jobs: Annotated[int, typer.Option(min=1, help="runs at a time")] = 1,
        cluster: Annotated[str, typer.Option(help="a Dask scheduler, tcp://host:port")] = "",
        fresh: Annotated[bool, typer.Option("--fresh", help="do not use results of earlier searches")] = False,
        resume: Annotated[Path | None, typer.Option(help="go on with this journal")] = None,
        journal: Annotated[Path | None, typer.Option(help="where to write the journal")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find the file or environment variable that makes COMMAND fail here, by running it in clean rooms.

        What is named fails alone in a clean place, and without it the failure goes. Your files are only copied.
        Exit 0 something is named, 1 it is nothing that lies around, 2 trouble or unsteady.
        """
        from ...bisect.axes.around import Around
        from ...bisect.axes.survey import usual_home
        from ...bisect.bisect_commits import Options
        from ...bisect.bisect_sets import search_surroundings
        from ..live import watching
        from .bisect import plain_probe, resumed, split_pairs

        how: dict[str, Any] = {"jobs": jobs, "cluster": cluster, "cached": not fresh}
        with watching(quiet=as_json) as listener:
            if resume is not None and not command:
                return resumed(resume, how, listener, as_json=as_json)
            if not command:
                raise no_command("ambient")
            words = " ".join(command).split()
            around = Around(
                str(directory.resolve()), parents, tuple(pattern or ["*"]),
                home=usual_home(words) if home is None else tuple(home),
                folders=tuple((k, str(Path(v).resolve())) for k, v in split_pairs(folder, "--folder LABEL=PATH")),
                always=(*(always or ()), *(Path(w).as_posix() for w in words)),
                exclude=tuple(w for w in words if Path(w).is_absolute()),
            )  # fmt: skip
            found = search_surroundings(
                around, plain_probe(command, metric, rule, hunt, timeout), Options(**how),
                journal=journal, resume=resume or False, on_progress=listener,
            )  # fmt: skip
        return say_found(found, as_json=as_json)


def no_command(name: str) -> FirstbadError:
    """There is nothing to run."""
    return FirstbadError(
        "there is no command to run",
        remedy=f"Put it last, after two dashes: firstbad {name} -- COMMAND",
        slug="no-command",
    )


def say_found(found: Found, *, as_json: bool) -> int:
    """Print what an unordered search found; returns the exit status."""
    from ..render_bisect import found_page

    kind = type(found.result).__name__
    if as_json:
        say_json({
            "result": kind, "named": [list(s) for s in found.sets], "probes": found.probes, "cached": found.cached,
            "suspects": found.points, "evidence": list(found.result.evidence), "read": list(found.read),
            "notes": list(found.notes), "seconds": round(found.seconds, 3), "journal": str(found.journal),
        })  # fmt: skip
    else:
        found_page(console(), found)
    return {"NotHere": 1, "Flaky": TROUBLE}.get(kind, SAME)
