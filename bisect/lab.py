"""Run the two programs side by side, each in a clean directory of its own, and keep everything they left.

A *room* decides what lies in that directory and which environment the programs see: an empty one, or one that
has some of the files and variables of the place where the failure was seen.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError
from .inquiry import Case, Inquiry, Program
from .run.sandbox import Ended, Limits, clean_environment, run
from .verdict import Kind, Verdict

if TYPE_CHECKING:
    from ..tracer.image import ImageVerdict

Fill = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Room:
    """A name, and how to fill a clean directory; `fill` returns the environment for the programs."""

    name: str
    fill: Fill


def empty_room() -> Room:
    """Nothing lies there; the environment is the caller's own."""
    return Room("empty", lambda _: clean_environment())


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
            return Verdict(Kind.TIMEOUT, f"the {self.side} did not end within {self.ended.seconds:.0f} s")
        if self.ended.problem:
            return Verdict(Kind.CANNOT_RUN, f"the {self.side} could not run: {self.ended.problem}")
        if self.ended.code != 0:
            said = _last_line(self.ended.text("stderr")) or _last_line(self.ended.text())
            return Verdict(
                Kind.CANNOT_RUN, f"the {self.side} ({program}) ended with status {self.ended.code}: {said}"
            )
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
    `fresh` is asked for.
    """

    inquiry: Inquiry
    out: Path
    _runs: dict[str, Run] = field(default_factory=dict[str, Run])
    _count: int = 0

    def gate(self, case: Case, room: Room, tree: Path | None, *, fresh: bool = False) -> Outcome:
        """Run reference and candidate on `case` in `room`, the candidate from checkout `tree`."""
        reference = self.run(self.inquiry.reference, case, room, tree, fresh=fresh)
        candidate = self.run(self.inquiry.candidate, case, room, tree, fresh=fresh)
        trouble = reference.trouble or candidate.trouble
        if trouble is not None:
            return Outcome(case, room.name, trouble, reference, candidate)
        images = self._compare(case, reference, candidate)
        verdict = _judge(images, str(candidate.folder))
        return Outcome(case, room.name, verdict, reference, candidate, images)

    def run(
        self,
        program: Program,
        case: Case,
        room: Room,
        tree: Path | None,
        *,
        pixel: tuple[int, int] | None = None,
        fresh: bool = False,
    ) -> Run:
        """Run one program in a new directory that `room` filled, tracing `pixel` (slow, fast) if given."""
        tree_matters = "{tree}" in program.command + program.trace
        key = _key(
            program.side, case.name, case.args, room.name, str(tree if tree_matters else ""), str(pixel)
        )
        if not fresh and key in self._runs:
            return self._runs[key]
        self._count += 1
        folder = self.out / f"{self._count:03d}-{program.side}-{_slug(case.name)}-{_slug(room.name)}"
        folder.mkdir(parents=True, exist_ok=True)
        self._runs[key] = self._start(program, case, room, tree, pixel, folder)
        return self._runs[key]

    def _start(
        self,
        program: Program,
        case: Case,
        room: Room,
        tree: Path | None,
        pixel: tuple[int, int] | None,
        folder: Path,
    ) -> Run:
        directory = folder / "room"
        directory.mkdir()
        image = folder / "image"
        written = image if (extension := _extension(program)) else folder / "image.bin"
        environment = dict(room.fill(directory))
        slow, fast = pixel or (-1, -1)
        argv = program.argv(
            {
                "image": str(written),
                "tree": str(tree or ""),
                "directory": str(directory),
                "slow": str(slow),
                "fast": str(fast),
            },
            args=case.args,
            tracing=pixel is not None,
        )
        (folder / "command.json").write_text(json.dumps({"argv": argv, "room": room.name}, indent=1))
        limits = Limits(seconds=self.inquiry.timeout)
        ended = run(argv, cwd=directory, env=environment, out=folder, limits=limits)
        shutil.rmtree(directory, ignore_errors=True)
        return Run(program.side, tuple(argv), folder, written.with_name(written.name + extension), ended)

    def _compare(self, case: Case, reference: Run, candidate: Run) -> ImageVerdict:
        from ..tracer.image import Gate, compare_images, read_image

        gate = Gate(correlation=self.inquiry.gate.correlation, sum_ratio=self.inquiry.gate.sum_ratio)
        first = read_image(reference.image, case.shape)
        second = read_image(candidate.image, case.shape or _raw_shape(candidate.image, first.shape))
        return compare_images(first, second, gate)


def _judge(images: ImageVerdict, artefacts: str) -> Verdict:
    measure = {"correlation": images.correlation, "sum_ratio": images.sum_ratio}
    kind = Kind.GOOD if images.passed else Kind.BAD
    reason = "; ".join(images.reasons) or (
        "the images are identical" if images.identical else "the images agree"
    )
    return Verdict(kind, reason, measure=measure, artefacts=artefacts)


def _raw_shape(image: Path, other: tuple[int, ...]) -> tuple[int, int] | None:
    """A raw float image has no header: where its size fits, it has the shape of the other side's image."""
    raw = image.suffix in (".bin", ".raw", "") and image.stat().st_size == 4 * other[0] * other[1]
    return (other[0], other[1]) if raw else None


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


def no_image(problem: FirstbadError) -> Verdict:
    """An image that cannot be read says nothing about the hunted failure."""
    return Verdict(Kind.NO_DATA, str(problem))
