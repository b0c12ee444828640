"""`firstbad bisect GOOD..BAD [--repo DIR] -- COMMAND`: the first bad commit, in worktrees of our own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import SAME, TROUBLE, say_json

if TYPE_CHECKING:
    from ...bisect.bisect_commits import Outcome
    from ...bisect.run.probe import Probe

READERS = ("log", "show", "replay")


def register(app: typer.Typer) -> None:
    """Put `bisect` on the application."""

    @app.command("bisect")
    def bisect(
        span: Annotated[str, typer.Argument(metavar="GOOD..BAD", help="or: log, show, replay, with a JOURNAL")] = "",
        command: Annotated[list[str] | None, typer.Argument(help="the probe, after --")] = None,
        repo: Annotated[Path, typer.Option(help="the repository (only read)")] = Path(),
        jobs: Annotated[int, typer.Option(min=1, help="probes at a time")] = 1,
        cluster: Annotated[str, typer.Option(help="a Dask scheduler, tcp://host:port")] = "",
        timeout: Annotated[float, typer.Option(help="seconds a probe may take")] = 600.0,
        memory: Annotated[int, typer.Option(help="MiB of address space a process may take; 0: no limit")] = 0,
        metric: Annotated[str, typer.Option(help="judge by a number: stdout:REGEX, json:PATH, images:A,B")] = "",
        rule: Annotated[str, typer.Option(help="which numbers are good: '>= 0.999', '0.9..1.1', nearer")] = "nearer",
        hunt: Annotated[str, typer.Option(help="signature of the failure; empty: that of BAD, '*': any")] = "",
        setup: Annotated[list[str] | None, typer.Option(help="a set-up command, cached by project files")] = None,
        build: Annotated[list[str] | None, typer.Option(help="a build command, cached by the tree")] = None,
        skip: Annotated[list[str] | None, typer.Option(help="a commit to leave out")] = None,
        warm: Annotated[str, typer.Option(help="modules a fork server imports once: torch,numpy")] = "",
        first_parent: Annotated[bool, typer.Option("--first-parent", help="follow the main line only")] = False,
        fresh: Annotated[bool, typer.Option("--fresh", help="do not use results of earlier searches")] = False,
        resume: Annotated[Path | None, typer.Option(help="go on with this journal")] = None,
        journal: Annotated[Path | None, typer.Option(help="where to write the journal")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find the first bad commit. COMMAND exits as for `git bisect run`: 0 good, 125 skip, else bad.

        Both ends are tried first, the culprit and its parent confirmed; your checkout, index and refs are not
        touched. Where GOOD is the newer commit, the one that repaired it is sought. Exit 0 something is named,
        1 nothing on this axis, 2 trouble.
        """
        if span in READERS:
            from .bisect_journal import read_journal

            return read_journal(span, [*(command or []), *([str(journal)] if journal else [])], as_json=as_json)
        from ...bisect.bisect_commits import Options, bisect_commits, parse_range

        if resume is not None and not span:
            from .bisect_journal import what_was_asked

            repo, good, bad, probe = what_was_asked(resume)
        else:
            good, bad = parse_range(span)
            probe = _probe(command, metric, rule, hunt, timeout, memory, warm)
        options = Options(
            jobs=jobs, cluster=cluster, first_parent=first_parent, leave_out=tuple(skip or ()),
            steps=_steps(setup, build), cached=not fresh,
        )  # fmt: skip
        from ..live import watching

        with watching(quiet=as_json) as listener:
            outcome = bisect_commits(
                repo, good, bad, probe, options=options, journal=journal, resume=resume or False, on_progress=listener
            )
        _say(outcome, as_json=as_json)
        return status(outcome)


def _probe(
    command: list[str] | None, metric: str, rule: str, hunt: str, timeout: float, memory: int, warm: str
) -> Probe:
    from ...bisect.run.judges import Metric
    from ...bisect.run.probe import ExitCode, Probe
    from ...bisect.run.sandbox import Limits

    if not command:
        raise FirstbadError(
            "there is no command to try a commit with",
            remedy="Put it last, after two dashes: firstbad bisect GOOD..BAD -- COMMAND",
            slug="no-command",
        )
    return Probe(
        tuple(command) if len(command) > 1 else command[0],
        judge=Metric(metric, rule) if metric else ExitCode(),
        hunt=hunt,
        limits=Limits(seconds=timeout, memory=(memory << 20) or None),
        warm=tuple(word for word in warm.split(",") if word),
    )


def _steps(setup: list[str] | None, build: list[str] | None) -> tuple[Any, ...]:
    from ...bisect.run.setup import PROJECT_FILES, Step, Where

    steps = [Step(command, PROJECT_FILES, Where.ENVIRONMENT) for command in setup or ()]
    return (*steps, *(Step(command) for command in build or ()))


def status(outcome: Outcome) -> int:
    """0 something is named, 1 the cause is not here, 2 the answers are not steady."""
    name = type(outcome.result).__name__
    return {"NotHere": 1, "Flaky": TROUBLE}.get(name, SAME)


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data: `result` and `commit` first."""
    from dataclasses import asdict

    return {
        "result": type(outcome.result).__name__,
        "commit": outcome.commit.commit if outcome.commit else None,
        "named": [asdict(c) for c in outcome.named],
        "detail": asdict(outcome.result),
        "probes": outcome.probes,
        "cached": outcome.cached,
        "seconds": round(outcome.seconds, 3),
        "hunt": outcome.hunt,
        "journal": str(outcome.journal),
    }


def _say(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        say_json(as_dict(outcome))
        return
    from ..output import console
    from ..render_bisect import bisect_page

    bisect_page(console(), outcome)
