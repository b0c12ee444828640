"""`firstbad bisect GOOD..BAD [--repo DIR] -- COMMAND`: the first bad commit, in worktrees of our own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import SAME, TROUBLE, console, say_json

if TYPE_CHECKING:
    from ...bisect.bisect_commits import Options, Outcome
    from ...bisect.bisect_sets import Found
    from ...bisect.run.overlay import Overlay
    from ...bisect.run.probe import Probe
    from ...bisect.run.progress import Listener

READERS = ("log", "show", "replay", "table")


def register(app: typer.Typer) -> None:
    """Put `bisect` on the application."""

    @app.command("bisect")
    def bisect(
        span: Annotated[str, typer.Argument(metavar="GOOD..BAD", help="or log, show, replay, table: JOURNAL")] = "",
        command: Annotated[list[str] | None, typer.Argument(help="the probe, after --")] = None,
        repo: Annotated[Path, typer.Option(help="the repository (only read)")] = Path(),
        jobs: Annotated[int | None, typer.Option(min=1, help="probes at a time; default 1, see --warm")] = None,
        cluster: Annotated[str, typer.Option(help="a Dask scheduler, tcp://host:port")] = "",
        timeout: Annotated[float, typer.Option(help="seconds a probe may take")] = 600.0,
        memory: Annotated[int, typer.Option(help="MiB of address space a process may take; 0: no limit")] = 0,
        metric: Annotated[str, typer.Option(help="judge by a number: stdout:REGEX, json:PATH, images:A,B")] = "",
        rule: Annotated[str, typer.Option(help="which numbers are good: '>= 0.999', '0.9..1.1', nearer")] = "nearer",
        trace_is: Annotated[str, typer.Option(help="judge by a trace: 'F_latt at pixel 30 40 is an origin'")] = "",
        reference: Annotated[str, typer.Option(help="for --trace-is: command or file with the trusted trace")] = "",
        hunt: Annotated[str, typer.Option(help="signature of the failure; empty: that of BAD, '*': any")] = "",
        setup: Annotated[list[str] | None, typer.Option(help="a set-up command, cached by project files")] = None,
        build: Annotated[list[str] | None, typer.Option(help="a build command, cached by the tree")] = None,
        overlay: Annotated[list[str] | None, typer.Option(help="TARGET=FILE: lay FILE over every commit")] = None,
        overlay_missing: Annotated[bool, typer.Option("--overlay-missing", help="only where it lacks it")] = False,
        tap: Annotated[list[str] | None, typer.Option(help="MODULE:FUNCTION=QUANTITY: trace what it returns")] = None,
        skip: Annotated[list[str] | None, typer.Option(help="a commit to leave out")] = None,
        warm: Annotated[str, typer.Option(help="modules a fork server imports once: torch,numpy")] = "",
        first_parent: Annotated[bool, typer.Option("--first-parent", help="follow the main line only")] = False,
        repaired: Annotated[bool, typer.Option("--repaired", help="BAD..GOOD: which commit repaired it")] = False,
        flaky: Annotated[str, typer.Option(help="answers are unsure: how often a bad one passes (0.2), or auto")] = "",
        confidence: Annotated[float, typer.Option(min=0.5, max=0.9999, help="with --flaky: when to stop")] = 0.95,
        hunks: Annotated[bool, typer.Option("--hunks", help="then find which edits of the culprit matter")] = False,
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

            words = [*(command or []), *([str(journal)] if journal else [])]
            return read_journal(span, words, reference=reference, as_json=as_json)
        from ...bisect.bisect_commits import Options, bisect_commits, parse_range
        from ..live import watching

        with watching(quiet=as_json) as listener:
            if resume is not None and not span:
                again = {"cached": False} if fresh else {}
                settings: dict[str, Any] = {**at_a_time(jobs), "cluster": cluster, **again}
                return resumed(resume, settings, listener, as_json=as_json)
            good, bad = parse_range(span)[:: -1 if repaired else 1]
            options = Options(
                **at_a_time(jobs), cluster=cluster, first_parent=first_parent, leave_out=tuple(skip or ()),
                steps=_steps(setup, build), cached=not fresh, overlay=_overlay(overlay, tap, overlay_missing),
                flaky=_rate(flaky), confidence=confidence, hunks=hunks,
            )  # fmt: skip
            _refuse_unsure_edits(options)
            plain = plain_probe(command, metric, rule, hunt, timeout, memory, warm)
            probe = _traced(plain, trace_is, reference) if trace_is else plain
            if repaired:
                _refuse_turned(repo, good, bad)
            outcome = bisect_commits(
                repo, good, bad, probe, options=options, journal=journal, resume=resume or False, on_progress=listener
            )
            found = _edits(outcome, repo, probe, options, listener)
        _say(outcome, found, as_json=as_json)
        return status(outcome)


def at_a_time(jobs: int | None) -> dict[str, Any]:
    """Who asks for one probe at a time gets that, also where a warm search is confirmed."""
    return {"jobs": jobs or 1, "together": jobs != 1}


def resumed(path: Path, settings: dict[str, Any], listener: Listener | None, *, as_json: bool) -> int:
    """Go on with the search of any journal, and say what it found."""
    from dataclasses import replace

    from ...bisect.bisect_commits import options_from, resume_bisect
    from ...bisect.bisect_sets import resume_sets
    from ...bisect.run.journal import Journal
    from ...bisect.run.judges import probe_from_dict

    head = Journal.read(path).header
    if head.get("axis", "commits") != "commits":
        from .ambient import say_found

        return say_found(resume_sets(path, on_progress=listener, **settings), as_json=as_json)
    outcome = resume_bisect(path, on_progress=listener, **settings)
    options = replace(options_from(head["options"]), **settings)
    found = _edits(outcome, Path(head["repository"]), probe_from_dict(head["probe"]), options, listener)
    _say(outcome, found, as_json=as_json)
    return status(outcome)


def _edits(outcome: Outcome, repo: Path, probe: Probe, options: Options, listener: Listener | None) -> Found | None:
    """With --hunks, the edits of the culprit that matter; their search has a journal beside that of the commits."""
    from dataclasses import replace

    if not options.hunks or outcome.commit is None:
        return None
    from ...bisect.bisect_sets import search_hunks

    if listener is not None:
        console(stderr=True).print(f"[dim]which edits of {outcome.commit.commit[:12]} matter[/]")
    hunted = replace(probe, hunt=probe.hunt or outcome.hunt)
    book = outcome.journal.with_name(f"{outcome.journal.stem}-hunks.jsonl")
    return search_hunks(
        outcome.commit.commit, repo, hunted, options,
        repair=outcome.repair, journal=book, resume=book.exists(), on_progress=listener,
    )  # fmt: skip


def _refuse_unsure_edits(options: Options) -> None:
    """A set of edits is named by single answers, so it must not be named where single answers mean little."""
    if options.hunks and options.flaky is not None:
        raise FirstbadError(
            "--hunks trusts every answer, and --flaky says that they are unsure",
            remedy="Let COMMAND repeat itself and fail if any run does: firstbad bisect --hunks CULPRIT^..CULPRIT -- "
            "'for i in 1 2 3 4 5; do PROBE || exit 1; done'",
            slug="edits-unsure",
        )


def _refuse_turned(repo: Path, good: str, bad: str) -> None:
    from ...bisect.axes.commits import read_range

    if not read_range(repo, good, bad).repair:
        raise FirstbadError(
            f"with --repaired the range is BAD..GOOD, but {good} is not newer than {bad}",
            remedy=f"Write --repaired {good}..{bad}, or leave --repaired out",
            slug="range-turned",
        )


def _rate(text: str) -> float | None:
    """None where answers are steady, 0 for an unknown rate."""
    if text in ("", "auto"):
        return 0.0 if text else None
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 < rate < 1:
        raise FirstbadError(
            f"--flaky {text} is no share of runs", remedy="Give a number between 0 and 1, or auto", slug="usage"
        )
    return rate


def split_pairs(given: list[str] | None, form: str) -> tuple[tuple[str, str], ...]:
    """Each `LEFT=RIGHT` of an option that may be repeated."""
    for word in given or ():
        left, found, right = word.partition("=")
        if not (left and found and right):
            raise FirstbadError(f"'{word}' says nothing to lay over", remedy=f"Write {form}", slug="usage")
    return tuple((word.partition("=")[0], word.partition("=")[2]) for word in given or ())


def _overlay(files: list[str] | None, taps: list[str] | None, missing: bool) -> Overlay | None:
    """Files and taps for commits that have no tracer; a folder stands for all files below it."""
    from ...bisect.run.overlay import Overlay

    if not files and not taps:
        return None
    each: list[tuple[str, str]] = []
    for target, source in split_pairs(files, "--overlay TARGET=FILE"):
        top = Path(source).resolve()
        below = sorted(p for p in top.rglob("*") if p.is_file()) if top.is_dir() else [top]
        each += [(str(Path(target) / p.relative_to(top)) if p != top else target, str(p)) for p in below]
    return Overlay(tuple(each), missing, split_pairs(taps, "--tap MODULE:FUNCTION=QUANTITY"))


def _traced(probe: Probe, question: str, reference: str) -> Probe:
    """The probe that asks `question` of its trace, against a trace file or what a command prints."""
    from dataclasses import replace

    from ...bisect.run.judges import TraceIs
    from ...bisect.run.shelf import firstbad_home
    from ...bisect.run.traces import Predicate, trace_probe

    if not reference:
        raise FirstbadError(
            "--trace-is compares with a trusted trace, and there is none",
            remedy="Give --reference 'COMMAND' or --reference FILE",
            slug="usage",
        )
    if Path(reference).is_file():
        path = str(Path(reference).resolve())
        filled = Predicate.parse(question).fill(probe.command)
        return replace(probe, command=filled, judge=TraceIs(question, path), inputs=(path,))
    import uuid

    out = firstbad_home() / "references" / uuid.uuid4().hex
    made = trace_probe(question, probe.command, reference, cwd=Path.cwd(), out=out)
    return replace(probe, command=made.command, judge=made.judge, inputs=made.inputs)


def plain_probe(
    command: list[str] | None, metric: str, rule: str, hunt: str, timeout: float, memory: int = 0, warm: str = ""
) -> Probe:
    """The probe of a command, judged by its exit code or by a number."""
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


def as_dict(outcome: Outcome, found: Found | None = None) -> dict[str, Any]:
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
        "repair": outcome.repair,
        "journal": str(outcome.journal),
        **({"edits": [list(s) for s in found.sets], "of_edits": found.points} if found else {}),
    }


def _say(outcome: Outcome, found: Found | None, *, as_json: bool) -> None:
    if as_json:
        say_json(as_dict(outcome, found))
        return
    from ..render_bisect import bisect_page, edits_lines

    bisect_page(console(), outcome)
    if found is not None:
        edits_lines(console(), found)
