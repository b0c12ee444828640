"""`firstbad flags --good … --bad … -- COMMAND`: which option of a program or a compiler brings the failure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from .ambient import no_command, say_found


def register(app: typer.Typer) -> None:
    """Put `flags` on the application."""

    @app.command("flags")
    def flags(
        command: Annotated[list[str] | None, typer.Argument(help="with {flags} in it; after --")] = None,
        good: Annotated[str | None, typer.Option(help="the flags with which it passes")] = None,
        bad: Annotated[str | None, typer.Option(help="the flags with which it fails")] = None,
        compiler: Annotated[bool, typer.Option("--compiler", help="they are a compiler's: -O3 takes no value")] = False,
        directory: Annotated[Path, typer.Option(help="copied for every run")] = Path(),
        timeout: Annotated[float, typer.Option(help="seconds a run may take")] = 600.0,
        metric: Annotated[str, typer.Option(help="judge by a number, as in bisect")] = "",
        rule: Annotated[str, typer.Option(help="which numbers are good")] = "nearer",
        hunt: Annotated[str, typer.Option(help="signature of the failure; empty: that of --bad, '*': any")] = "",
        jobs: Annotated[int, typer.Option(min=1, help="runs at a time")] = 1,
        cluster: Annotated[str, typer.Option(help="a Dask scheduler, tcp://host:port")] = "",
        fresh: Annotated[bool, typer.Option("--fresh", help="do not use results of earlier searches")] = False,
        resume: Annotated[Path | None, typer.Option(help="go on with this journal")] = None,
        journal: Annotated[Path | None, typer.Option(help="where to write the journal")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find the flags that make COMMAND fail: those that do it alone on top of the good line.

        Exit 0 something is named, 1 both lines agree, 2 trouble or unsteady.
        """
        from ...bisect.axes.around import Around
        from ...bisect.bisect_commits import Options
        from ...bisect.bisect_sets import search_flags
        from ..live import watching
        from .bisect import plain_probe, resumed

        how: dict[str, Any] = {"jobs": jobs, "cluster": cluster, "cached": not fresh}
        with watching(quiet=as_json) as listener:
            if resume is not None and not command:
                return resumed(resume, how, listener, as_json=as_json)
            asked, lines = _checked(command, good, bad)
            found = search_flags(
                *lines, Around(str(directory.resolve())), plain_probe(asked, metric, rule, hunt, timeout),
                Options(**how), compiler=compiler, journal=journal, resume=resume or False, on_progress=listener,
            )  # fmt: skip
        return say_found(found, as_json=as_json)


def _checked(command: list[str] | None, good: str | None, bad: str | None) -> tuple[list[str], tuple[str, str]]:
    if not command:
        raise no_command("flags --good FLAGS --bad FLAGS")
    if good is None or bad is None:
        raise FirstbadError(
            "two lines of flags are compared, and one is missing",
            remedy="Give both --good FLAGS and --bad FLAGS; an empty line is ''",
            slug="usage",
        )
    if not any("{flags}" in word for word in command):
        raise FirstbadError(
            "the command has no place for the flags",
            remedy="Write {flags} where they belong: firstbad flags … -- 'cc {flags} sim.c && ./a.out'",
            slug="usage",
        )
    return command, (good, bad)
