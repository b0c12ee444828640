"""Trace both programs at the pixel that costs most, where it is bad, and compare the traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError
from .lab import Lab, Outcome, Room, Run, Stand
from .verdict import Kind

if TYPE_CHECKING:
    from ..tracer.catalogue import Catalogue
    from ..tracer.diff import Diff
    from ..tracer.model import Trace


@dataclass(frozen=True, slots=True)
class Traced:
    """Both traces at one pixel and their comparison; `trouble` is a sentence where a side gave none."""

    pixel: tuple[int, int]
    reference: Path
    candidate: Path
    diff: Diff | None = None
    trouble: str = ""


def costliest_pixel(outcome: Outcome, lab: Lab) -> tuple[int, int]:
    """The pixel (slow, fast) whose difference costs the correlation and the sum most."""
    from ..tracer.pixels import costly_pixels

    reference, candidate = lab.images(outcome)
    found = costly_pixels(reference, candidate, 1)
    if not found:
        raise FirstbadError(
            "the images do not differ in any pixel",
            remedy="choose a case that fails the gate",
            slug="no-pixel",
        )
    return found[0].slow, found[0].fast


def trace_pair(lab: Lab, outcome: Outcome, room: Room, stand: Stand | None, pixel: tuple[int, int]) -> Traced:
    """Run both programs again on the case of `outcome` with a trace of `pixel`, in the same room, and compare."""
    from ..tracer.diff import compare

    inquiry = lab.inquiry
    runs = [
        lab.run(program, outcome.case, room, stand, pixel=pixel) for program in (inquiry.reference, inquiry.candidate)
    ]
    logs = [run.folder / "stdout" for run in runs]
    try:
        traces = [_read(run) for run in runs]
    except FirstbadError as problem:
        return Traced(pixel, logs[0], logs[1], trouble=str(problem))
    catalogue = _catalogue(inquiry.catalogue, traces)
    return Traced(pixel, logs[0], logs[1], diff=compare(traces[0], traces[1], catalogue))


def _read(run: Run) -> Trace:
    """The trace a run printed. A run that failed may still have one: a missing image is no reason to drop it."""
    from ..tracer.text import read

    trouble = run.trouble
    if trouble is not None and trouble.kind is not Kind.NO_DATA:
        raise FirstbadError(trouble.reason, remedy=f"its output is kept in {run.folder}", slug="no-trace-run")
    return read(run.folder / "stdout")


def _catalogue(path: Path | None, traces: Sequence[Trace]) -> Catalogue:
    """The inquiry's own, else nanoBragg's where it suits the traces; order stands in where it does not."""
    from ..tracer.catalogue import Catalogue, load
    from ..tracer.place import qualified

    known = load(path)
    suits = path is not None or known.suits({qualified(record) for trace in traces for record in trace})
    return known if suits else Catalogue()
