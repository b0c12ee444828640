"""Any program that writes TRACE lines for a pixel on its command line: one run a pixel, all of them one store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError

if TYPE_CHECKING:
    from ..bisect.run.sandbox import Ended


def trace_program(path: Path, side: str, name: str, chosen: str, out: Path) -> int:
    """Trace `side` of the inquiry at `path` at the pixels `chosen` says, in copies of its directory.

    Gives the number of pixels. FirstbadError `no-case`, `no-shape` (--all needs the size of the image), and
    `no-trace-run` where a run fails; a pixel without a trace is such a failure, never left out.
    """
    from ..bisect.inquiry import load
    from ..bisect.lab import Lab, Stand, full_room, surroundings
    from ..tracer.pixels import selected
    from ..tracer.store_text import write_logs

    inquiry = load(path)
    case = inquiry.case(name)
    if chosen == "all" and case.shape is None:
        raise FirstbadError(
            f"{path} does not say how large the image of case {case.name!r} is",
            remedy="add shape = [slow, fast] to the case, or say --roi",
            slug="no-shape",
        )
    pixels = selected(chosen)(case.shape or (1 << 30, 1 << 30))
    program = inquiry.reference if side == "reference" else inquiry.candidate
    with tempfile.TemporaryDirectory(dir=out.resolve().parent, prefix=".firstbad-") as folder:
        lab = Lab(inquiry, Path(folder))
        room = full_room(surroundings(inquiry, exclude=Path(folder)))
        stand = Stand("here", inquiry.repository or inquiry.directory)
        logs: dict[tuple[int, int], Path] = {}
        for slow, fast in sorted({(int(s), int(f)) for s, f in pixels}):
            run = lab.run(program, case, room, stand, pixel=(slow, fast))
            log = run.folder / "stdout"
            if run.ended.code != 0 or b"TRACE" not in log.read_bytes():
                raise FirstbadError(
                    f"the {side} gave no trace of pixel {slow} {fast}: {_why(run.folder, run.ended)}",
                    remedy="check the `trace` command of the inquiry, with {slow} and {fast} in it",
                    slug="no-trace-run",
                )
            logs[slow, fast] = log
        facts = {"side": side, "program": program.trace or program.command, "args": case.args}
        return write_logs(logs, out, case.shape, facts)


def _why(folder: Path, ended: Ended) -> str:
    lines = (folder / "stderr").read_text(errors="replace").strip().splitlines()
    late = "it did not end in time" if ended.timed_out else f"status {ended.code}"
    return ended.problem or (lines[-1] if lines else late)
