"""One attempt at one commit: stand on it, lay over, set up, build, run. Runs in a worker; knows no search."""

from __future__ import annotations

import atexit
import contextlib
import errno
import shutil
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from . import cache, warm
from .overlay import Overlay
from .plumbing import GitError
from .probe import Probe
from .sandbox import Command, Ended, Stop, clean_environment, disk_is_full, run
from .setup import Step, prepare
from .worktrees import Layout, Slot, Worktrees


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to try one commit; plain data, so it can travel to another machine.

    `out` is where output is kept. `fresh` runs even where an earlier result is known, `cold` even where the probe
    could run warm: a confirmation is both. `ticket` names the attempt for cancelling. With `edits` the commit's parent
    stands there with just those edits. `tree` is the id of the commit's tree: equal trees answer equally.
    """

    repo: str
    home: str
    out: str
    commit: str
    tree: str
    probe: Probe
    steps: tuple[Step, ...] = ()
    overlay: Overlay | None = None
    layout: Layout = field(default_factory=Layout)
    fresh: bool = False
    cold: bool = False
    ticket: str = ""
    edits: tuple[str, ...] | None = None

    def carry_out(self, out: Path, stop: Stop) -> Attempt:
        """Stand on the commit and run the command there."""
        return _attempt(self, out, stop)


class Order(Protocol):
    """A work order: plain data that says what to run, and can do it, here or on another machine."""

    @property
    def home(self) -> str:
        """Where worktrees and results are kept."""
        ...

    @property
    def out(self) -> str:
        """Where the output is kept."""
        ...

    @property
    def ticket(self) -> str:
        """The name by which it can be cancelled."""
        ...

    def carry_out(self, out: Path, stop: Stop) -> Attempt:
        """Do it; OSError where there is no room to run in."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended; `failed` names the step ("setup", "build", "checkout") that kept it from running."""

    ended: Ended
    failed: str = ""
    cached: bool = False


def attempt(task: Order) -> Attempt:
    """Carry out one order. Never raises for what the commit or its command does; a full disk is a `problem` too."""
    with _stop_for(task.ticket) as stop:
        out = Path(task.out)
        try:
            if stop.asked:
                return Attempt(_unstarted(out, "cancelled before it began", cancelled=True))
            return task.carry_out(out, stop)
        except OSError as exc:
            full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
            why = f"the disk that holds {task.home} is full" if full else f"no room to run in: {exc}"
            return Attempt(_unstarted(out, why), failed="checkout")


def _attempt(task: Task, out: Path, stop: Stop) -> Attempt:
    env = clean_environment(task.probe.env, only=task.probe.only)
    if task.probe.warm and not (task.cold or task.steps or task.overlay):  # those may change the environment
        warm.expect(task.probe.command, task.probe.warm, env)
    key = "" if task.fresh else cache.key_of(task, env)
    if key and (known := cache.find(Path(task.home), key, out)) is not None:
        return Attempt(known, cached=True)
    with _worktrees(task).slot() as slot:
        failed = _stand(task, slot, env, out, stop)
        if failed is not None:
            return failed
        ended = _run(task, slot, env, out, stop)
        _keep(task.probe.keep, _folder(task.probe, slot), out / "kept")
    key = cache.key_of(task, clean_environment(task.probe.env, only=task.probe.only))
    if key:
        cache.keep(Path(task.home), key, ended, out)
    return Attempt(ended)


def _stand(task: Task, slot: Slot, env: dict[str, str], out: Path, stop: Stop) -> Attempt | None:
    """Check out and prepare; an Attempt only where that failed."""
    try:
        slot.stand_on(task.commit)
        if task.edits is not None:
            from ..axes.hunks import HunkAxis

            HunkAxis(slot.repository, task.commit).stand(task.edits, slot.tree)
            slot.note_changes()  # what a step depends on is read from the index
    except GitError as failed:
        why = f"commit {task.commit[:12]} could not be checked out: {failed.said}"
        if disk_is_full(Path(task.home)):
            why = f"the disk that holds {task.home} is full"
        return Attempt(_unstarted(out, why), failed="checkout")
    env |= {"TMPDIR": str(slot.scratch), "FIRSTBAD_COMMIT": task.commit, "FIRSTBAD_TREE": str(slot.tree)}
    env["GIT_CEILING_DIRECTORIES"] = str(slot.place)
    if task.overlay is not None:
        task.overlay.lay(slot.tree, env, slot.scratch / "hook")
    for number, step in enumerate(task.steps):
        place = out / f"{step.where}-{number}"
        ended = prepare(step, slot, env, home=Path(task.home), out=place, stop=stop)
        if ended is not None:
            return Attempt(ended, failed=str(step.where))
    return None


def _run(task: Task, slot: Slot, env: Mapping[str, str], out: Path, stop: Stop) -> Ended:
    probe = task.probe
    (out / "kept").mkdir(parents=True, exist_ok=True)
    command = filled(probe.command, {"tree": str(slot.tree), "out": str(out / "kept")})
    folder = _folder(probe, slot)
    if probe.warm and not task.cold:
        return warm.run(command, modules=probe.warm, cwd=folder, env=env, out=out, limits=probe.limits, stop=stop)
    return run(command, cwd=folder, env=env, out=out, limits=probe.limits, stop=stop)


def filled(command: Command, places: Mapping[str, str]) -> Command:
    """`{tree}` becomes the worktree and `{out}` the folder whose files are kept; other braces stay."""

    def fill(word: str) -> str:
        for name, value in places.items():
            word = word.replace("{" + name + "}", value)
        return word

    return fill(command) if isinstance(command, str) else [fill(word) for word in command]


def _folder(probe: Probe, slot: Slot) -> Path:
    return slot.tree / probe.cwd


def _keep(names: tuple[str, ...], folder: Path, kept: Path) -> None:
    for name in names:
        for source in sorted(folder.glob(name)):
            if source.is_file():
                target = kept / source.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


def _unstarted(out: Path, why: str, *, cancelled: bool = False) -> Ended:
    return Ended(None, 0.0, str(out / "stdout"), str(out / "stderr"), cancelled=cancelled, problem=why)


_mutex = threading.Lock()
_stops: dict[str, Stop] = {}
_shared: dict[tuple[str, str, Layout], Worktrees] = {}
_holders: dict[tuple[str, str, Layout], int] = {}


def cancel(ticket: str) -> None:
    """Ask the attempt of that name, in this process, to end; one that has not begun will not."""
    with _mutex:
        stop = _stops.setdefault(ticket, Stop())
    stop.ask()


@contextlib.contextmanager
def _stop_for(ticket: str) -> Generator[Stop]:
    with _mutex:
        stop = _stops.setdefault(ticket, Stop())
    try:
        yield stop
    finally:
        with _mutex:
            _stops.pop(ticket, None)


def _worktrees(task: Task) -> Worktrees:
    """The pool of this process; one that nobody holds (on a cluster's worker) is closed when the process ends."""
    key = (task.repo, task.home, task.layout)
    with _mutex:
        if key not in _shared:
            _shared[key] = Worktrees(Path(task.repo), Path(task.home), task.layout)
        return _shared[key]


@contextlib.contextmanager
def holding(repo: str, home: str, layout: Layout) -> Generator[None]:
    """Keep this process's worktrees for the length of the block; the last holder removes them."""
    key = (repo, home, layout)
    with _mutex:
        _holders[key] = _holders.get(key, 0) + 1
    try:
        yield
    finally:
        with _mutex:
            _holders[key] -= 1
            unused = _shared.pop(key, None) if not _holders[key] else None
        if unused is not None:
            ending = threading.Thread(target=warm.close_all)
            ending.start()
            unused.close()
            ending.join()


@atexit.register
def _close_all() -> None:
    warm.close_all()
    while _shared:
        _shared.popitem()[1].close()
