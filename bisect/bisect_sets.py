"""Search axes without an order with one command: the edits of a commit, what lies around a run, its flags.

found = search_hunks(outcome.commit.commit, repo, probe, options)
found = search_surroundings(survey(Path(), variables=os.environ), probe, out)
found.result        # Culprit or Several, each set confirmed both ways
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from .axes.ambient import AmbientAxis
from .axes.flags import FlagAxis
from .axes.hunks import HunkAxis
from .axes.opened import undeclared, watch
from .bisect_commits import Options, firstbad_home
from .run.attempt import Attempt, Task, attempt, filled, holding
from .run.plumbing import open_repository
from .run.probe import Probe
from .run.question import Question
from .run.sandbox import Command, argv_of, run
from .run.worktrees import remove_tree
from .search.drive import run_serial
from .search.subsets import SubsetSearch
from .verdict import Culprit, Result, Several, Verdict

Told = Callable[[frozenset[str], Verdict, int], None]
FEW = 8  # for so few points a watched run to learn what is opened costs more than it saves


@dataclass(frozen=True, slots=True)
class Found:
    """What an unordered search concluded: `sets` that matter, after `probes`; `read` says who reads it unasked."""

    result: Result
    points: int
    probes: int
    read: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The minimal sets that are named."""
        match self.result:
            case Culprit():
                return ((self.result.point,),)
            case Several():
                return self.result.sets
            case _:
                return ()


def search_hunks(commit: str, repo: Path, probe: Probe, options: Options, repair: bool = False) -> Found:
    """Which edits of `commit` matter: the smallest sets of them that bring its failure to its parent (or repair it)."""
    repository, home = open_repository(repo), firstbad_home(options.home)
    axis = HunkAxis(repository, repository.resolve(commit))

    with (
        tempfile.TemporaryDirectory(prefix="firstbad-") as out,
        holding(str(repository.path), str(home), options.layout),
    ):
        count = 0

        def go(chosen: frozenset[str]) -> Attempt:
            nonlocal count
            count += 1
            edits = tuple(p for p in axis.points if p in chosen)
            return attempt(Task(
                str(repository.path), str(home), f"{out}/{count}", axis.commit, "", probe, options.steps,
                options.overlay, options.layout, fresh=True, edits=edits,
            ))  # fmt: skip

        result = _searched(axis.search(repair=repair), axis.points, probe, go, None, repair)
    return Found(result, len(axis.points), count, notes=tuple(axis.notes))


def search_surroundings(axis: AmbientAxis, probe: Probe, told: Told | None = None) -> Found:
    """Which of the files and variables of `axis` matter to the command of `probe`, each run in a clean room."""
    with tempfile.TemporaryDirectory(prefix="firstbad-") as name:
        top = Path(name).resolve()
        count = 0

        def go(chosen: frozenset[str], *, watching: bool = False) -> tuple[Attempt, list[str], dict[str, str]]:
            nonlocal count
            count += 1
            place, out = top / f"{count}", top / f"{count}-out"
            place.mkdir()
            environment = {**axis.stand(chosen, place), **probe.env}
            folder = axis.working(place)
            command = filled(probe.command, {"out": str(out / "kept"), "tree": str(folder)})
            (out / "kept").mkdir(parents=True)
            if not watching:
                ended = run(command, cwd=folder, env=environment, out=out, limits=probe.limits)
                remove_tree(place)
                return Attempt(ended), [], {}
            argv = argv_of(command)
            seen = watch(argv, environment, folder, out / "watch")
            ended = run(seen.command, cwd=folder, env=seen.environment, out=out, limits=probe.limits)
            opened = seen.opened() or []
            read = axis.named([o.path for o in opened if o.how == "read"], place)
            words = " ".join(argv).split()
            said = undeclared(opened, words, axis, place, "the command")
            remove_tree(place)
            return Attempt(ended), read, said

        everything = frozenset(axis.points)
        many = len(axis.points) > FEW
        _, hints, said = go(everything, watching=True) if many else (None, [], {})
        result = _searched(axis.search(hints=hints), axis.points, probe, lambda chosen: go(chosen)[0], told)
        found = Found(result, len(axis.points), count, notes=tuple(axis.notes))
        if found.sets and not many:
            said = go(everything, watching=True)[2]
        named = {point for one in found.sets for point in one}
        return replace(found, read=tuple(line for point, line in said.items() if point in named), probes=count)


def search_flags(axis: FlagAxis, around: AmbientAxis, probe: Probe, told: Told | None = None) -> Found:
    """Which edits between two command lines matter; `{flags}` in the command is filled with each line between them.

    Every run has a copy of everything `around` to itself, so that one build does not see another's files.
    """
    with tempfile.TemporaryDirectory(prefix="firstbad-") as name:
        top = Path(name).resolve()
        count = 0

        def go(chosen: frozenset[str]) -> Attempt:
            nonlocal count
            count += 1
            place, out = top / f"{count}", top / f"{count}-out"
            place.mkdir()
            (out / "kept").mkdir(parents=True)
            environment = {**around.stand(around.points, place), **probe.env}
            words = {"out": str(out / "kept"), "tree": str(around.working(place))}
            command = filled(_with_flags(probe.command, axis.command(chosen)), words)
            ended = run(command, cwd=around.working(place), env=environment, out=out, limits=probe.limits)
            remove_tree(place)
            return Attempt(ended)

        result = _searched(axis.search(), axis.points, probe, go, told)
    return Found(result, len(axis.points), count, notes=tuple(around.notes))


def _with_flags(command: Command, flags: list[str]) -> Command:
    """A shell's command gets them quoted, a list gets them as words of their own."""
    if isinstance(command, str):
        return command.replace("{flags}", shlex.join(flags))
    return [w for word in command for w in (flags if word == "{flags}" else [word])]


def _searched(
    search: SubsetSearch, points: Collection[str], probe: Probe, go: Callable[[frozenset[str]], Attempt],
    told: Told | None, repair: bool = False,
) -> Result:  # fmt: skip
    """Both ends settle what is hunted; then every set is judged by that."""
    none, everything = frozenset[str](), frozenset(points)
    question = Question(probe, ("bad",), ("good",)) if repair else Question(probe, ("good",), ("bad",))
    first = {none: go(none), everything: go(everything)}
    ready = [*question.offer("good", first[none]), *question.offer("bad", first[everything])]
    known = {none if name == "good" else everything: verdict for name, verdict in ready}

    def judged(chosen: frozenset[str]) -> Verdict:
        verdict = known.pop(chosen, None) or question.offer("set", go(chosen))[0][1]
        if told is not None:
            told(chosen, verdict, search.remaining)
        return verdict

    return run_serial(search, judged).result
