"""Search axes without an order with one command: the edits of a commit, what lies around a run, its flags.

    found = search_hunks(outcome.commit.commit, repo, probe, options)
    found = search_surroundings(Around("run"), probe, options)
    found.result        # Culprit or Several, each set confirmed both ways

Each writes a journal as a commit search does and can be resumed from it at any point.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .axes.ambient import AmbientAxis
from .axes.around import Around, digests
from .axes.flags import FlagAxis
from .axes.hunks import HunkAxis
from .bisect_commits import Options, options_as_dict, options_from
from .run.attempt import Order, Task, holding
from .run.conduct import conduct
from .run.history import trees_of
from .run.journal import Event, Journal
from .run.judges import probe_as_dict, probe_from_dict
from .run.plumbing import Repository, open_repository
from .run.points import Subset
from .run.pool import Pool, open_pool
from .run.probe import Probe
from .run.progress import Listener
from .run.rooms import WATCHED, RoomOrder
from .run.sandbox import Command
from .run.sets import Shape, asked_of_sets, hints_of, watched
from .run.shelf import firstbad_home, interrupted, opened, signed
from .verdict import Culprit, Result, Several

OrderFor = Callable[[Subset, str, str, int], Order]
FEW = 8  # for so few points a watched run to learn what is opened costs more than it saves


@dataclass(frozen=True, slots=True)
class Found:
    """What an unordered search concluded among so many `points`, `what` they are, after `probes`.

    `cached` of them were known from earlier; `ends` are what none and all of the points are called; `read` says who
    reads a named file unasked; `notes` what was left out.
    """

    result: Result
    what: str
    points: int
    probes: int
    cached: int
    seconds: float
    journal: Path
    ends: tuple[str, str]
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


@dataclass(frozen=True)
class _Hunt:
    """Everything that is known before the first probe. `watch` makes the order for a run whose reads are noted."""

    header: Event
    probe: Probe
    options: Options
    order_for: OrderFor
    notes: tuple[str, ...]
    holds: Repository | None = None
    watch: Callable[[str], RoomOrder] | None = None

    def run(self, journal: Path | None, resume: bool | Path, on_progress: Listener | None) -> Found:
        options, home = self.options, firstbad_home(self.options.home)
        with ExitStack() as stack:
            book = stack.enter_context(opened(home, signed(self.header), journal, resume))
            if self.holds is not None:
                stack.enter_context(holding(str(self.holds.path), str(home), options.layout))
            pool = stack.enter_context(open_pool(options.jobs, options.cluster))
            return self._found(book, pool, on_progress)

    def _found(self, book: Journal, pool: Pool, on_progress: Listener | None) -> Found:
        count = len(self.header["points"])
        if self.watch is not None and count > FEW:
            self._watched(book, pool, first=True)
        asked = asked_of_sets(self.header, self.probe, hints_of(book))
        done = conduct(asked, book, pool, self.order_for, on_progress)
        effort, ends = (done.probes, done.cached, done.seconds), (self.header["ends"][0], self.header["ends"][1])
        found = Found(done.result, self.header["what"], count, *effort, book.path, ends, notes=self.notes)
        if self.watch is None:
            return found
        said: dict[str, str] = self._watched(book, pool, first=False)["said"] if found.sets else {}
        named = {point for one in found.sets for point in one}
        read = tuple(line for point, line in said.items() if point in named)
        return replace(found, read=read, probes=found.probes + (watched(book) is not None))

    def _watched(self, book: Journal, pool: Pool, *, first: bool) -> dict[str, Any]:
        """What a run with everything reads, from the journal if it is known; `first`: it is asked to begin with."""
        known = watched(book)
        if known is not None:
            return known
        assert self.watch is not None
        order = self.watch(str(book.runs / "0000-watched"))
        book.append("watch")
        try:
            pool.attempt_of(pool.submit(order))
        except KeyboardInterrupt:
            raise interrupted(book, 0) from None
        try:
            seen: dict[str, Any] = json.loads((Path(order.out) / WATCHED).read_text())
        except (OSError, ValueError):  # it could not be run: then nothing is known of what it reads
            seen = {"hints": [], "said": {}}
        return book.append("watched", first=first, **seen)


def search_hunks(
    commit: str,
    repo: Path,
    probe: Probe,
    options: Options,
    *,
    repair: bool = False,
    journal: Path | None = None,
    resume: bool | Path = False,
    on_progress: Listener | None = None,
) -> Found:
    """Which edits of `commit` matter: the smallest sets of them that bring its failure to its parent (or repair it)."""
    repository = open_repository(repo)
    axis = HunkAxis(repository, repository.resolve(commit))
    shape = Shape("edits", axis.points, axis.groups, every=False, repair=repair, ends=("the parent", "the commit"))
    header: Event = {
        "axis": "hunks",
        "repository": str(repository.path),
        "commit": axis.commit,
        **shape.as_dict(),
        "probe": probe_as_dict(probe),
        "options": options_as_dict(options),
        "notes": list(axis.notes),
    }
    home, tree_of = str(firstbad_home(options.home)), _tree_names(axis, options)

    def order(point: Subset, out: str, ticket: str, again: int) -> Task:
        return Task(
            repo=str(repository.path),
            home=home,
            out=out,
            commit=axis.commit,
            tree=tree_of(point),
            probe=probe,
            steps=options.steps,
            overlay=options.overlay,
            layout=options.layout,
            fresh=again > 0 or not options.cached,
            cold=again == 1 and options.confirm_cold,
            ticket=ticket,
            edits=tuple(p for p in axis.points if p in point),
        )

    hunt = _Hunt(header, probe, options, order, tuple(axis.notes), repository)
    return hunt.run(journal, resume, on_progress)


def _tree_names(axis: HunkAxis, options: Options) -> Callable[[Subset], str]:
    """What names the tree of each set: all edits make the commit, none its parent, and a commit search tried both."""
    known = trees_of(axis.repository, [axis.commit, f"{axis.commit}^1"])
    whole, parent = known.values()
    exact = not axis.notes and not options.layout.filters

    def name(point: Subset) -> str:
        if exact and whole and parent and len(point) in (0, len(axis.points)):
            return whole if point else parent
        return f"{parent}+{axis.digest(point)}" if parent else ""

    return name


def search_surroundings(
    around: Around,
    probe: Probe,
    options: Options,
    *,
    journal: Path | None = None,
    resume: bool | Path = False,
    on_progress: Listener | None = None,
) -> Found:
    """Which of the files and variables around a place matter to the command of `probe`, each run in a clean room."""
    axis = around.look(_ours(options, journal, resume))
    inputs = digests(axis)
    header = _header("ambient", Shape("files and variables", axis.points), around, axis, inputs, probe)

    def order(point: Subset, out: str, ticket: str, again: int) -> RoomOrder:
        fresh = again > 0 or not options.cached
        return RoomOrder(home, out, axis, point, probe, inputs, fresh, ticket)

    def watch(out: str) -> RoomOrder:
        return RoomOrder(home, out, axis, frozenset(axis.points), probe, inputs, ticket="watch", watch=True)

    home = str(firstbad_home(options.home))
    hunt = _Hunt(header, probe, options, order, tuple(axis.notes), watch=watch)
    return hunt.run(journal, resume, on_progress)


def search_flags(
    good: str,
    bad: str,
    around: Around,
    probe: Probe,
    options: Options,
    *,
    compiler: bool = False,
    journal: Path | None = None,
    resume: bool | Path = False,
    on_progress: Listener | None = None,
) -> Found:
    """Which edits between the command lines `good` and `bad` matter; `{flags}` in the command becomes each between.

    Every run has a copy of everything `around` to itself, so that one build does not see another's files.
    """
    flags = FlagAxis(shlex.split(good), shlex.split(bad), compiler=compiler)
    axis = around.look(_ours(options, journal, resume))
    inputs, everything = digests(axis), frozenset(axis.points)
    header = _header(
        "flags", Shape("flags", flags.points, ends=("the good line", "the bad line")), around, axis, inputs, probe
    )
    header |= {"good": good, "bad": bad, "compiler": compiler}

    def order(point: Subset, out: str, ticket: str, again: int) -> RoomOrder:
        asked = replace(probe, command=_with_flags(probe.command, flags.command(point)))
        fresh = again > 0 or not options.cached
        return RoomOrder(home, out, axis, everything, asked, inputs, fresh, ticket)

    home = str(firstbad_home(options.home))
    return _Hunt(header, probe, options, order, tuple(axis.notes)).run(journal, resume, on_progress)


def resume_sets(path: Path, *, on_progress: Listener | None = None, **settings: Any) -> Found:
    """Go on with the search whose journal is at `path`; `settings` (fields of Options) say where and how fast."""
    head = Journal.read(path).header
    probe = probe_from_dict(head["probe"])
    if head["axis"] == "hunks":
        options = replace(options_from(head["options"]), **settings)
        return search_hunks(
            head["commit"], Path(head["repository"]), probe, options,
            repair=head["repair"], resume=path, on_progress=on_progress,
        )  # fmt: skip
    around, options = Around.from_dict(head["around"]), Options(**settings)
    if head["axis"] == "flags":
        return search_flags(
            head["good"], head["bad"], around, probe, options,
            compiler=head["compiler"], resume=path, on_progress=on_progress,
        )  # fmt: skip
    return search_surroundings(around, probe, options, resume=path, on_progress=on_progress)


def _header(axis: str, shape: Shape, around: Around, found: AmbientAxis, inputs: dict[str, str], probe: Probe) -> Event:
    return {
        "axis": axis,
        "directory": str(found.directory),
        "around": around.as_dict(),
        **shape.as_dict(),
        "inputs": inputs,
        "probe": probe_as_dict(probe),
        "notes": found.notes,
    }


def _ours(options: Options, journal: Path | None, resume: bool | Path) -> list[Path]:
    """What we write ourselves is no suspect, wherever it lies."""
    book = resume if isinstance(resume, Path) else journal
    near = [book, book.with_name(book.name + ".lock"), book.with_name(f"{book.stem}-runs")] if book else []
    return [firstbad_home(options.home), *near]


def _with_flags(command: Command, flags: list[str]) -> Command:
    """A shell's command gets them quoted, a list gets them as words of their own."""
    if isinstance(command, str):
        return command.replace("{flags}", shlex.join(flags))
    each = (flags if word == "{flags}" else [word.replace("{flags}", shlex.join(flags))] for word in command)
    return [word for words in each for word in words]
