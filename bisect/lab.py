"""Run the two programs side by side, each in a clean directory of its own, and keep everything they left.

A *room* decides what lies around and which environment the programs see: nothing, or some of the files and
variables of the place where the failure was seen.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError
from .axes.ambient import AmbientAxis
from .axes.survey import PARENTS, named_by, survey, usual_home
from .inquiry import Case, Inquiry, Program
from .run import warm
from .run.sandbox import Ended, Limits, clean_environment, run
from .run.worktrees import remove_tree
from .verdict import Kind, Verdict

if TYPE_CHECKING:
    from ..tracer.image import Image, ImageVerdict


@dataclass(frozen=True, slots=True)
class Stand:
    """A checkout that the candidate is run from; the name (a commit) tells it from others at the same path."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Room:
    """A clean place under a name: the surroundings `axis` with just the points `chosen`.

    `cold`: a fork server does not serve it, because its environment is that of no other room.
    """

    name: str
    axis: AmbientAxis
    chosen: frozenset[str] = frozenset()
    cold: bool = False


def surroundings(inquiry: Inquiry, exclude: Path | None = None) -> AmbientAxis:
    """What lies around the place where the failure was seen; what the commands themselves name is no suspect."""
    templates = [p.command + " " + p.trace for p in (inquiry.reference, inquiry.candidate)]
    words = [w for t in templates for w in shlex.split(t)] + [w for c in inquiry.cases for w in shlex.split(c.args)]
    own = [Path(w) for w in words if Path(w).is_absolute()] + [p for p in (inquiry.source, inquiry.catalogue) if p]
    return survey(
        inquiry.directory,
        parents=PARENTS,
        patterns=inquiry.ambient,
        home=usual_home(words),
        variables=clean_environment(),
        always=(*named_by(words), *inquiry.needs),
        exclude=[*own, *([exclude] if exclude else [])],
    )


def full_room(axis: AmbientAxis) -> Room:
    """A copy of the place where the failure was seen: its files, the user's environment."""
    return Room("here", axis, frozenset(axis.points))


def empty_room(axis: AmbientAxis) -> Room:
    """Only files that a command names lie there; the environment is the user's own."""
    return Room("empty", axis, frozenset("$" + name for name in axis.variables))


def bare_room(axis: AmbientAxis) -> Room:
    """No file, and only what a program needs to start at all."""
    return Room("bare", axis, cold=True)


def new_folder(out: Path, what: str) -> Path:
    """A new, empty folder `out/what-DATE-TIME` for artefacts; FirstbadError where none can be made."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for count in range(1000):
        folder = out / (f"{what}-{stamp}" + (f"-{count}" if count else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if out.exists() and not out.is_dir():
                break
            continue
        except OSError as problem:
            raise FirstbadError(
                f"{folder} cannot be made: {problem.strerror}",
                remedy="name another place with --out",
                slug="no-out",
            ) from None
        return folder.resolve()
    raise FirstbadError(f"{out} cannot hold artefacts", remedy="name another place with --out", slug="no-out")


@dataclass(frozen=True, slots=True)
class Run:
    """One program, once: what was started, how it ended, and the files it left."""

    side: str
    argv: tuple[str, ...]
    folder: Path
    image: Path
    ended: Ended

    @property
    def trouble(self) -> Verdict | None:
        """Why this run gives no image, as a verdict; None where it gave one."""
        program = self.argv[0]
        if self.ended.timed_out:
            return Verdict(Kind.TIMEOUT, f"the {self.side} did not end within {self.ended.seconds:.1f} s")
        if self.ended.problem:
            return Verdict(Kind.CANNOT_RUN, f"the {self.side} could not run: {self.ended.problem}")
        if self.ended.code != 0:
            said = _last_line(self.ended.text("stderr")) or _last_line(self.ended.text())
            return Verdict(Kind.CANNOT_RUN, f"the {self.side} ({program}) ended with status {self.ended.code}: {said}")
        if not self.image.exists() or self.image.stat().st_size == 0:
            return Verdict(Kind.NO_DATA, f"the {self.side} ended well but wrote no image to {self.image}")
        return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both programs on one case in one room: the verdict, the image comparison, and what is kept where."""

    case: Case
    room: str
    verdict: Verdict
    reference: Run
    candidate: Run
    images: ImageVerdict | None = None


@dataclass(slots=True)
class Lab:
    """Runs programs for one inquiry and keeps the artefacts under `out`.

    A run that could not come out differently (same program, case, room and checkout) is not repeated unless
    `fresh` is asked for; a fresh run is always a cold one, so that what a fork server does is checked as well.
    """

    inquiry: Inquiry
    out: Path
    _runs: dict[str, Run] = field(default_factory=dict[str, Run])
    _keys: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _count: int = 0

    def gate(self, case: Case, room: Room, stand: Stand | None, *, fresh: bool = False) -> Outcome:
        """Run reference and candidate on `case` in `room`, the candidate from checkout `stand`."""
        reference = self.run(self.inquiry.reference, case, room, stand, fresh=fresh)
        candidate = self.run(self.inquiry.candidate, case, room, stand, fresh=fresh)
        trouble = reference.trouble or candidate.trouble
        outcome = Outcome(case, room.name, trouble or Verdict(Kind.NO_DATA), reference, candidate)
        return outcome if trouble is not None else self._compared(outcome)

    def run(
        self,
        program: Program,
        case: Case,
        room: Room,
        stand: Stand | None,
        *,
        pixel: tuple[int, int] | None = None,
        fresh: bool = False,
    ) -> Run:
        """Run one program in a new directory that `room` filled, tracing `pixel` (slow, fast) if given."""
        tree_matters = "{tree}" in program.command + program.trace
        where = f"{stand.name} {stand.path}" if stand and tree_matters else ""
        key = _key(program.side, case.name, case.args, room.name, where, str(pixel))
        if not fresh and key in self._runs:
            return self._runs[key]
        folder = self._new_folder(program, case, room.name)
        self._runs[key] = self._start(program, case, room, stand, pixel, folder, cold=fresh)
        self._keys.setdefault(case.args, []).append(key)
        return self._runs[key]

    def forget(self, case: Case) -> None:
        """Remove what the runs on these arguments left: a hundred images fill a disk."""
        for key in self._keys.pop(case.args, ()):
            if key in self._runs:
                remove_tree(self._runs.pop(key).folder)

    def watched(self, case: Case, room: Room, stand: Stand | None) -> tuple[list[str], list[str]]:
        """Run both programs once under watch: the points of the room that they read, and sentences about those that
        no argument names. Both are empty where nothing can tell.
        """
        from .axes.opened import undeclared, watch

        read: list[str] = []
        said: list[str] = []
        for program in (self.inquiry.reference, self.inquiry.candidate):
            folder = self._new_folder(program, case, f"{room.name}-watched")
            place, directory, environment = _entered(room, folder)
            argv = self._argv(program, case, stand, directory, folder / "image.bin", None)
            watched = watch(argv, environment, directory, folder / "watch")
            limits = Limits(seconds=self.inquiry.timeout)
            run(watched.command, cwd=directory, env=watched.environment, out=folder, limits=limits)
            seen = watched.opened() or []
            read += room.axis.named([o.path for o in seen if o.how == "read"], place)
            said += undeclared(seen, argv, room.axis, place, f"the {program.side}").values()
            remove_tree(place)
        return list(dict.fromkeys(read)), said

    def _new_folder(self, program: Program, case: Case, room: str) -> Path:
        self._count += 1
        folder = self.out / f"{self._count:03d}-{program.side}-{_slug(case.name)}-{_slug(room)}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _argv(
        self,
        program: Program,
        case: Case,
        stand: Stand | None,
        directory: Path,
        image: Path,
        pixel: tuple[int, int] | None,
    ) -> list[str]:
        slow, fast = pixel or (-1, -1)
        place = {
            "image": str(image),
            "tree": str(stand.path if stand else ""),
            "directory": str(directory),
            "slow": str(slow),
            "fast": str(fast),
        }
        return program.argv(place, args=case.args, tracing=pixel is not None)

    def _start(
        self,
        program: Program,
        case: Case,
        room: Room,
        stand: Stand | None,
        pixel: tuple[int, int] | None,
        folder: Path,
        cold: bool,
    ) -> Run:
        place, directory, environment = _entered(room, folder)
        image = folder / "image"
        written = image if (extension := _extension(program)) else folder / "image.bin"
        argv = self._argv(program, case, stand, directory, written, pixel)
        (folder / "command.json").write_text(json.dumps({"argv": argv, "room": room.name}, indent=1))
        limits = Limits(seconds=self.inquiry.timeout)
        if program.warm and not cold and not room.cold:
            ended = warm.run(
                argv, modules=program.warm, cwd=directory, env=environment, out=folder, limits=limits, place=place
            )
        else:
            ended = run(argv, cwd=directory, env=environment, out=folder, limits=limits)
        remove_tree(place)
        return Run(program.side, tuple(argv), folder, written.with_name(written.name + extension), ended)

    def images(self, outcome: Outcome) -> tuple[Image, Image]:
        """The two images of an outcome, slow x fast; FirstbadError where one cannot be read."""
        from ..tracer.image_read import read_pair

        return read_pair(outcome.reference.image, outcome.candidate.image, outcome.case.shape)

    def _compared(self, outcome: Outcome) -> Outcome:
        from ..tracer.image import Gate, compare_images

        gate = Gate(correlation=self.inquiry.gate.correlation, sum_ratio=self.inquiry.gate.sum_ratio)
        try:
            verdict = compare_images(*self.images(outcome), gate)
        except FirstbadError as problem:
            return replace(outcome, verdict=Verdict(Kind.NO_DATA, problem.message))
        return replace(outcome, verdict=_judge(verdict, str(outcome.candidate.folder)), images=verdict)


def _entered(room: Room, folder: Path) -> tuple[Path, Path, dict[str, str]]:
    """Fill a new place for one run: its top, the directory to start in, the environment."""
    place = folder / "place"
    place.mkdir()
    environment = room.axis.stand(room.chosen, place)
    return place, room.axis.working(place), environment


def end_servers() -> None:
    """End the fork servers that warm runs started."""
    warm.close_all()


def _judge(images: ImageVerdict, artefacts: str) -> Verdict:
    measure = {"correlation": images.correlation, "sum_ratio": images.sum_ratio}
    kind = Kind.GOOD if images.passed else Kind.BAD
    reason = "; ".join(images.reasons) or ("the images are identical" if images.identical else "the images agree")
    return Verdict(kind, reason, measure=measure, artefacts=artefacts)


def _extension(program: Program) -> str:
    """`{image}.npy` in a command asks for that kind of file; a bare `{image}` is a raw float image."""
    found = re.search(r"\{image\}(\.\w+)", program.command)
    return found.group(1) if found else ""


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text)[:40].strip("-") or "x"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
