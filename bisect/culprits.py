"""The searches an investigation can make: along the commits, the files that lie around, the environment."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError
from .axes.ambient import AmbientAxis
from .axes.changes import Block, ChangedLine
from .axes.commits import CommitFacts
from .lab import Outcome, Room, Stand
from .search.drive import run_serial
from .verdict import Culprit, NotHere, Result, Several, Verdict
from .wording import numbers

if TYPE_CHECKING:
    from .investigate import Investigation
    from .run.plumbing import Repository


MakeRoom = Callable[[Collection[str]], Room]
FEW = 8  # for so few points a watched run to learn what is opened costs more than it saves


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search named, and where it is bad: the room and commit to trace in."""

    result: Result
    room: Room
    commit: str
    names: tuple[str, ...] = ()
    facts: CommitFacts | None = None
    lines: tuple[ChangedLine, ...] = ()


def search_ambient(walk: Investigation, failing: Outcome, commit: str) -> Findings:
    """Which of the files brings the failure into a clean directory, and takes it away when removed."""
    axis = walk.around.only("files")

    def room(chosen: Collection[str]) -> Room:
        return Room("with " + _names(chosen, axis.points), axis, frozenset(chosen))

    hints: list[str] = []
    if len(axis.points) > FEW:
        with walk.standing(commit) as stand:
            hints, _ = walk.lab.watched(failing.case, room(axis.points), stand)
    found = _subsets(walk, failing, commit, axis, room, hints)
    if found.names:
        with walk.standing(commit) as stand:
            _, readers = walk.lab.watched(failing.case, found.room, stand)
        for said in readers:
            walk.note("opened", said)
    return found


def search_environment(walk: Investigation, failing: Outcome, commit: str) -> Findings:
    """Which of the user's environment variables brings the failure into a bare environment."""
    axis = walk.around.without_files()

    def room(chosen: Collection[str]) -> Room:
        return Room("variables " + _names(chosen, axis.points), axis, frozenset(chosen), cold=True)

    return _subsets(walk, failing, commit, axis, room, ())


def _names(chosen: Collection[str], among: Collection[str]) -> str:
    """A room's name: short for a person, and unlike that of any other set."""
    import hashlib

    if not chosen:
        return "none"
    short = ", ".join(sorted(chosen)) if len(chosen) <= 2 else f"{len(chosen)} of {len(among)}"
    mark = hashlib.sha256("\0".join(sorted(chosen)).encode()).hexdigest()[:8]
    return f"{short} [{mark}]"


def _subsets(
    walk: Investigation, failing: Outcome, commit: str, axis: AmbientAxis, room: MakeRoom, hints: Collection[str]
) -> Findings:
    points = axis.points
    for remark in axis.notes:
        walk.note("search", remark)
    if not points:
        return Findings(NotHere(("no file and no variable is left to suspect",)), room(()), commit)

    asked: set[frozenset[str]] = set()

    def probe(chosen: Collection[str]) -> Verdict:
        again = frozenset(chosen) in asked
        asked.add(frozenset(chosen))
        with walk.standing(commit) as stand:
            verdict = walk.lab.gate(failing.case, room(chosen), stand, fresh=again).verdict
        said = f"{_said(chosen, points)}{', again' if again else ''}: {verdict.kind}"
        walk.note("search", f"{said}, {numbers(verdict.measure) or verdict.reason}")
        return verdict

    drive = run_serial(axis.search(hints=hints), probe)
    return _named(walk, drive.result, room, commit, points, drive.probes)


def _said(chosen: Collection[str], points: Collection[str]) -> str:
    if not chosen:
        return "none of them"
    if len(chosen) == len(points):
        return "all of them"
    return "with " + (", ".join(sorted(chosen)) if len(chosen) <= 3 else f"{len(chosen)} of {len(points)}")


def _named(
    walk: Investigation, result: Result, room: MakeRoom, commit: str, points: tuple[str, ...], probes: int
) -> Findings:
    match result:
        case Culprit():
            names: tuple[str, ...] = (result.point,)
        case Several():
            names = result.sets[0]
        case _:
            return Findings(result, room(points), commit)
    said = " and ".join(names)
    each = "without it" if len(names) == 1 else "without any one of them"
    walk.note(
        "confirm",
        f"with {said} alone the failure comes, {each} it goes ({probes} probes)",
        names=list(names),
        probes=probes,
    )
    return Findings(result, room(names), commit, names)


def search_commits(walk: Investigation, failing: Outcome, room: Room, good: str, bad: str) -> Findings:
    """Which commit broke it, in `room`; then which lines of that commit matter."""
    from .axes import commits

    assert walk.inquiry.repository is not None
    history = commits.read_range(walk.inquiry.repository, good, bad)
    for remark in history.notes:
        walk.note("search", remark)
    search = history.search(confirm=True)
    asked: set[str] = set()

    def probe(commit: str) -> Verdict:
        again = commit in asked
        asked.add(commit)
        with walk.standing(commit) as stand:
            verdict = walk.lab.gate(failing.case, room, stand, fresh=again).verdict
        said = f"{commit[:10]}{' again' if again else ''}: {verdict.kind}"
        measured = numbers(verdict.measure) or verdict.reason
        walk.note("search", f"{said}, {measured}", commit=commit, left=search.remaining)
        return verdict

    drive = run_serial(search, probe)
    if not isinstance(drive.result, Culprit):
        return Findings(drive.result, room, bad)
    culprit = drive.result.point
    facts = commits.describe(history.repository, [culprit])[culprit]
    walk.note("confirm", f"{facts.short} is bad and its parent is good ({drive.probes} probes)", probes=drive.probes)
    lines = _lines_that_matter(walk, failing, room, culprit, history.repository)
    return Findings(drive.result, room, culprit, (culprit,), facts, lines)


def _lines_that_matter(
    walk: Investigation, failing: Outcome, room: Room, culprit: str, repository: Repository
) -> tuple[ChangedLine, ...]:
    """The smallest part of the culprit that still brings the failure; none where it cannot be taken apart."""
    from .axes.commits import changed_lines
    from .axes.hunks import HunkAxis

    try:
        axis = HunkAxis(repository, culprit, by_line=True)
    except FirstbadError as problem:
        walk.note("lines", problem.message)
        return ()

    def probe(chosen: Collection[str]) -> Verdict:
        with walk.standing(culprit) as stand:
            assert stand is not None
            digest = axis.stand(chosen, stand.path)
            part = Stand(f"{culprit}+{digest}", stand.path)
            return walk.lab.gate(failing.case, room, part).verdict

    drive = run_serial(axis.search(), probe)
    named = _sets(drive.result)
    if not named:
        walk.note("lines", "no part of the commit brings the failure by itself", probes=drive.probes)
        return ()
    spans = {(axis.edits[p].pair.path, axis.edits[p].block) for p in named if p in axis.edits}
    lines = tuple(x for x in changed_lines(repository, culprit) if _within(x, spans))
    total = len(axis.points)
    walk.note("lines", f"{len(named)} of its {total} changes matter: {', '.join(named)}", probes=drive.probes)
    return lines


def _sets(result: Result) -> tuple[str, ...]:
    match result:
        case Culprit():
            return (result.point,)
        case Several():
            return tuple(p for one in result.sets for p in one)
        case _:
            return ()


def _within(line: ChangedLine, spans: set[tuple[str, Block | None]]) -> bool:
    """Whether a changed line belongs to one of the named edits (an edit without a block is its whole file)."""
    for path, block in spans:
        if path != line.file:
            continue
        if block is None:
            return True
        first, count = (block.new, block.new_count) if line.new is not None else (block.old, block.old_count)
        if first < line.line <= first + max(count, 1):
            return True
    return False
