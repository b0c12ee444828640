"""Read a journal again: list searches, tell what was tried, judge it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...tracer.errors import FirstbadError
from ..axes.commits import CommitRange, read_range
from ..search.changepoint import ChangePointSearch
from ..search.noisy import NoisySearch
from ..verdict import Candidates, Culprit, Flaky, Kind, Result, Several, Verdict
from .conduct import Asked, answers
from .driver import Search
from .journal import Journal
from .judges import NEARER, Metric, probe_from_dict
from .plumbing import open_repository
from .points import Commits, Points
from .probe import Probe
from .question import Question
from .sets import asked_of_sets, hints_of

_RUNS = 20.0  # a rate that a person gives weighs as much as so many runs


@dataclass(frozen=True, slots=True)
class Listed:
    """One search in the list of `firstbad bisect log`; `state` is its result's type, "running" or "unfinished"."""

    path: Path
    begun: str
    axis: str
    place: str
    old: str
    new: str
    question: str
    probes: int
    state: str
    culprit: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One ended attempt with its verdict in the light of the whole search; `point` is a commit's id or a set."""

    point: Any
    label: str
    verdict: Verdict
    seconds: float
    cached: bool
    warm: bool
    at: str
    output: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A journal judged again; `result` is None where its answers do not conclude the search yet.

    Then `left` points are in question (`among` says of what), and those called `wanted` would be tried next.
    """

    result: Result | None
    tried: tuple[Tried, ...]
    hunt: str
    among: str
    left: int
    wanted: Sequence[str]


def searches(home: Path) -> list[Listed]:
    """All journals under `home`, newest first; one that cannot be read is listed with the reason as its state."""
    found: list[Listed] = []
    for path in sorted((home / "searches").glob("*.jsonl"), reverse=True):
        try:
            found.append(_listed(Journal.read(path)))
        except FirstbadError as exc:
            found.append(Listed(path, "", "", "", "", "", "", 0, exc.message, ""))
    return found


def _listed(book: Journal) -> Listed:
    head = book.header
    result = next((e for e in reversed(book.events) if e["event"] == "result"), None)
    state = result["result"] if result else "running" if book.is_held() else "unfinished"
    command = head["probe"]["command"]
    question = command if isinstance(command, str) else " ".join(command)
    probes = sum(e["event"] == "end" for e in book.events)
    culprit = (result or {}).get("point", "")
    where, old, new = head.get("repository") or head["directory"], *_ends(head)
    return Listed(book.path, head["at"], axis_of(book), where, old, new, question, probes, state, culprit)


def _ends(head: Mapping[str, Any]) -> tuple[str, str]:
    return (head["old"][0], head["new"]) if "old" in head else ("", "")


def axis_of(book: Journal) -> str:
    """What the journal's search went along: "commits", or one of the axes without an order."""
    return str(book.header.get("axis", "commits"))


def commits_of(book: Journal) -> CommitRange:
    """The history that the journal's search was made on. FirstbadError (journal-unordered) where it has none."""
    head: dict[str, Any] = book.header
    if axis_of(book) != "commits":
        raise FirstbadError(
            f"{book.path} is of a search among {head['what']}: it has no order, so there is no line of commits to tell",
            remedy="Read it with `firstbad bisect show` or `firstbad bisect replay`",
            slug="journal-unordered",
        )
    ends = (head["new"], head["old"][0]) if head["repair"] else (head["old"][0], head["new"])
    options = head["options"]
    return read_range(
        open_repository(Path(head["repository"])),
        *ends,
        first_parent=options["first_parent"],
        leave_out=options["leave_out"],
    )


def question_of(commits: CommitRange, probe: Probe, *, unsure: bool = False) -> Question[str]:
    """The probe, and which ends it must tell apart; a search of `unsure` answers asks one old end only."""
    older, newer = commits.old[-1:] if unsure else commits.old, (commits.new,)
    good, bad = (newer, older) if commits.repair else (older, newer)
    return Question(probe, good, bad)


def search_of(commits: CommitRange, probe: Probe, options: Mapping[str, Any]) -> Search[str]:
    """The search that these options ask for: every answer trusted, or a posterior over the commits.

    Where answers are unsure and a number is to be nearer to that of one end, the number itself is searched for the
    point where it changed.
    """
    rate = options.get("flaky")
    if rate is None:
        return commits.search(confirm=options["confirm"])
    order = [commits.old[-1], *reversed(commits.commits)]
    if searches_number(probe):
        search: Any = ChangePointSearch(order, "value", commits.parents, confidence=options["confidence"])
    else:
        believed = (_RUNS * rate, _RUNS * (1 - rate)) if rate else (1.0, 4.0)
        search = NoisySearch(
            order, commits.parents, confidence=options["confidence"], false_pass=believed, repair=commits.repair
        )
    for commit in commits.left_out:
        if commit in order:
            search.record(commit, Verdict(Kind.NO_DATA, "left out by request"))
    return search


def searches_number(probe: Probe) -> bool:
    """Whether a search of unsure answers looks for the change of a number, rather than of pass and fail."""
    return isinstance(probe.judge, Metric) and probe.judge.rule == NEARER


def asked_of_commits(commits: CommitRange, probe: Probe, options: Mapping[str, Any]) -> Asked[str]:
    """What a search over these commits asks."""
    unsure = options.get("flaky") is not None
    return Asked(Commits(), search_of(commits, probe, options), question_of(commits, probe, unsure=unsure))


def asked_of(book: Journal, probe: Probe | None = None) -> Asked[Any]:
    """What the journal's search asks; `probe` puts another question."""
    head = book.header
    probe = probe or probe_from_dict(head["probe"])
    if axis_of(book) == "commits":
        return asked_of_commits(commits_of(book), probe, head["options"])
    return asked_of_sets(head, probe, hints_of(book))


def replay(book: Journal, probe: Probe | None = None) -> Replay:
    """Judge everything again from what was kept, running nothing; `probe` puts another question to it.

    Only the judge and what is hunted may differ: the command of the kept runs is what it is.
    """
    asked = asked_of(book, probe)
    points, question, search = asked.points, asked.question, asked.search
    ends = [e for e in book.events if e["event"] == "end"]
    verdicts: dict[int, Verdict] = {}
    order: list[int] = []
    for number, (point, attempt) in enumerate(answers(book, points)):
        order.append(number)
        for ready, verdict in question.offer(point, attempt):
            search.record(ready, verdict)
            verdicts[order.pop(0)] = verdict
    tried = tuple(_tried(ends[i], points, verdicts[i]) for i in sorted(verdicts))
    result = search.result()
    if result is not None:
        return Replay(result, tried, question.probe.hunt, points.what, 0, ())
    following = tuple(points.label(p) for p in search.next(1, question.held))
    return Replay(None, tried, question.probe.hunt, points.what, search.remaining, following)


def _tried(event: dict[str, Any], points: Points[Any], verdict: Verdict) -> Tried:
    point, ended = points.read(event["point"]), event["ended"]
    facts = (ended["seconds"], event["cached"], ended["warm"], event["at"])
    return Tried(point, points.label(point), verdict, *facts, verdict.artefacts)


def accused(result: Result) -> tuple[str, ...]:
    """The commits that a result names, none for NotHere."""
    if isinstance(result, Culprit | Flaky):
        return (result.point,)
    if isinstance(result, Candidates):
        return result.points
    return tuple(p for found in result.sets for p in found) if isinstance(result, Several) else ()
