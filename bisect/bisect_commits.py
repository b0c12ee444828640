"""Find the commit: history, search, worktrees, workers and journal, tied together.

    outcome = bisect_commits(Path("."), "v1.0", "HEAD", Probe(["make", "check"]), jobs=2)
    outcome.result      # Culprit, Candidates, NotHere, Flaky or Several, with its evidence

Both ends are tried before anything is accused, and what is accused is tried again, its parents too.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..tracer.errors import FirstbadError
from .axes.commits import CommitRange, read_range
from .run.attempt import Task, holding
from .run.conduct import conduct
from .run.history import CommitInfo, commit_info, trees_of
from .run.journal import Journal
from .run.judges import probe_as_dict, probe_from_dict
from .run.overlay import Overlay
from .run.plumbing import open_repository
from .run.pool import open_pool
from .run.probe import Probe
from .run.progress import Listener
from .run.sandbox import Limits
from .run.setup import Step, Where
from .run.shelf import firstbad_home, opened, signed
from .run.story import accused, asked_of_commits
from .run.worktrees import Layout
from .verdict import Culprit, Result

MOST_NAMED = 50  # of so many accused commits the description is read


@dataclass(frozen=True, slots=True)
class Options:
    """How a search is run. None of these changes its answer, except `leave_out` and `first_parent`.

    `jobs` probes run at a time, here or on the Dask cluster at `cluster`. With `confirm` the culprit and its
    parents must answer the same twice, a parent that ruled out much more often (a number: just so often), with
    `confirm_cold` the second time without a warm start; of a warm search these cold ones run `together`, also where
    `jobs` is 1. `flaky` is the share of runs in which a bad commit passes (0: unknown): each commit is then run as
    often as it takes to name the culprit with `confidence`; None trusts every answer. `leave_out` names commits
    that are not tried. `cached` lets results of earlier searches count. `hunks` notes in the journal that the
    culprit's edits are searched next. `home` is where worktrees, journals and results are kept.
    """

    jobs: int = 1
    cluster: str = ""
    confirm: bool | int = True
    flaky: float | None = None
    confidence: float = 0.95
    confirm_cold: bool = True
    together: bool = True
    first_parent: bool = False
    leave_out: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    overlay: Overlay | None = None
    layout: Layout = field(default_factory=Layout)
    cached: bool = True
    hunks: bool = False
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found. `commit` describes the culprit where there is exactly one, `named` all that are accused.

    `probes` counts attempts that gave a verdict, `cached` those of them that an earlier search had made,
    `hunt` is the signature of the failure that was hunted, and with `repair` the named ones repaired it.
    """

    result: Result
    commit: CommitInfo | None
    named: tuple[CommitInfo, ...]
    probes: int
    cached: int
    seconds: float
    journal: Path
    hunt: str = ""
    repair: bool = False


def parse_range(text: str) -> tuple[str, str]:
    """("GOOD", "BAD") from "GOOD..BAD"; an empty side means HEAD, as in git."""
    good, dots, bad = text.partition("..")
    if not dots or bad.startswith("."):
        raise FirstbadError(
            f"'{text}' is no range of commits",
            remedy="Write GOOD..BAD, such as v1.0..HEAD",
            slug="range-syntax",
        )
    return good or "HEAD", bad or "HEAD"


def bisect_commits(
    repo: Path,
    good: str,
    bad: str,
    probe: Probe,
    *,
    options: Options | None = None,
    journal: Path | None = None,
    resume: bool | Path = False,
    on_progress: Listener | None = None,
    **settings: Any,
) -> Outcome:
    """Name the first bad commit between `good` and `bad`; where `good` is the newer, the commit that repaired it.

    `settings` are fields of Options. `journal` says where to write it (a new file under home/searches by
    default); `resume` goes on with a journal: that path, the one given as `journal`, or the newest unfinished
    one of the same search. Raises FirstbadError where the search cannot be made (unknown commits, an empty
    range), must stop (full disk, an exit code from 128 on) or is interrupted; it can be resumed then.
    """
    options = replace(options or Options(), **settings)
    if options.flaky is not None:  # a posterior needs answers that are independent of each other
        options = replace(options, cached=False)
    commits = read_range(
        open_repository(repo), good, bad, first_parent=options.first_parent, leave_out=options.leave_out
    )
    plan = _plan(commits, probe, options)
    with opened(plan.home, plan.header, journal, resume) as book:
        return _with_pool(plan, book, on_progress)


def resume_bisect(path: Path, *, on_progress: Listener | None = None, **settings: Any) -> Outcome:
    """Go on with the search whose journal is at `path`; all it asks is written there.

    `settings` may change where and how fast it runs (jobs, cluster, home, cached), not what it asks.
    """
    head = Journal.read(path).header
    ends = (head["new"], head["old"][0]) if head["repair"] else (head["old"][0], head["new"])
    probe = probe_from_dict(head["probe"])
    options = replace(options_from(head["options"]), **settings)
    return bisect_commits(Path(head["repository"]), *ends, probe, options=options, resume=path, on_progress=on_progress)


@dataclass(frozen=True)
class _Plan:
    """Everything that is known before the first probe."""

    commits: CommitRange
    probe: Probe
    options: Options
    home: Path
    trees: dict[str, str]
    header: dict[str, Any]

    def task(self, point: str, out: str, ticket: str, again: int) -> Task:
        """The work order for one point; one that is tried again is run afresh, and the first time cold."""
        return Task(
            repo=str(self.commits.repository.path),
            home=str(self.home),
            out=out,
            commit=point,
            tree=self.trees.get(point, ""),
            probe=self.probe,
            steps=self.options.steps,
            overlay=self.options.overlay,
            layout=self.options.layout,
            fresh=again > 0 or not self.options.cached,
            cold=again == 1 and self.options.confirm_cold and self.options.flaky is None,
            ticket=ticket,
        )


def _plan(commits: CommitRange, probe: Probe, options: Options) -> _Plan:
    home = firstbad_home(options.home)
    points = dict.fromkeys([*commits.commits, *(p for above in commits.parents.values() for p in above), *commits.old])
    header = {
        "axis": "commits",
        "repository": str(commits.repository.path),
        "old": list(commits.old),
        "new": commits.new,
        "repair": commits.repair,
        "probe": probe_as_dict(probe),
        "options": options_as_dict(options),
        "notes": list(commits.notes),
    }
    return _Plan(commits, probe, options, home, trees_of(commits.repository, points), signed(header))


def options_as_dict(options: Options) -> dict[str, Any]:
    """What of the options a resumed search needs again; where and how fast it runs may change."""
    said = asdict(replace(options, home=None))
    return {k: v for k, v in said.items() if k not in ("home", "jobs", "cluster", "confirm_cold", "together")}


def options_from(said: dict[str, Any]) -> Options:
    """The options that `options_as_dict` wrote."""

    def step(data: dict[str, Any]) -> Step:
        limits = Limits(**data["limits"])
        return Step(data["command"], tuple(data["depends"]), Where(data["where"]), limits)

    overlay = said["overlay"]
    if overlay is not None:
        files, taps = (tuple((str(a), str(b)) for a, b in overlay[k]) for k in ("files", "taps"))
        overlay = Overlay(files, bool(overlay["only_missing"]), taps)
    layout: dict[str, Any] = {**said["layout"], "sparse": tuple(said["layout"]["sparse"])}
    return Options(
        confirm=said["confirm"],
        flaky=said.get("flaky"),
        confidence=said.get("confidence", 0.95),
        first_parent=said["first_parent"],
        leave_out=tuple(said["leave_out"]),
        steps=tuple(step(data) for data in said["steps"]),
        overlay=overlay,
        layout=Layout(**layout),
        cached=said["cached"],
        hunks=said.get("hunks", False),
    )


def _spare(plan: _Plan) -> int:
    """Room for one cold confirmation beside the other, where the search itself is one warm probe at a time."""
    options = plan.options
    cold = bool(plan.probe.warm) and options.confirm_cold and options.flaky is None
    return int(cold and options.together and options.jobs == 1 and (os.cpu_count() or 1) > 1)


def _with_pool(plan: _Plan, book: Journal, on_progress: Listener | None) -> Outcome:
    repository, settings = plan.commits.repository, plan.options
    asked = asked_of_commits(plan.commits, plan.probe, plan.header["options"])
    with (
        holding(str(repository.path), str(plan.home), settings.layout),
        open_pool(settings.jobs, settings.cluster, spare=_spare(plan)) as pool,
    ):
        done = conduct(asked, book, pool, plan.task, on_progress)
    named = tuple(commit_info(repository, p) for p in accused(done.result)[:MOST_NAMED])
    info = named[0] if isinstance(done.result, Culprit) else None
    return Outcome(
        done.result, info, named, done.probes, done.cached, done.seconds, book.path, done.hunt, plan.commits.repair
    )
