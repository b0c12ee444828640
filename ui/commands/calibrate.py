"""`firstbad calibrate`: measure how far runs that should agree differ, and write the noise table that diff reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tracer.errors import FirstbadError
from ..output import console, say_json

if TYPE_CHECKING:
    from ...tracer.calibrate import Measured, Twin
    from ...tracer.model import Trace
    from ...tracer.noise import NoiseTable

_LARGE = 1e3
"""Roundings of its own that a quantity hardly has: rather a fault, or a formula that lacks a parent."""


def register(app: typer.Typer) -> None:
    """Put `calibrate` on the application."""

    @app.command("calibrate")
    def calibrate(
        traces: Annotated[list[Path] | None, typer.Argument(help="traces that should agree")] = None,
        run: Annotated[list[str] | None, typer.Option(help="a command that prints a trace, {args} in it")] = None,
        args: Annotated[list[str] | None, typer.Option(help="arguments to run every command with")] = None,
        cases: Annotated[Path | None, typer.Option(help="a file of such arguments, one set a line")] = None,
        last_bit: Annotated[int, typer.Option(help="further runs with every decimal of the arguments moved")] = 0,
        warm: Annotated[str, typer.Option(help="modules that a fork server imports once: torch")] = "",
        timeout: Annotated[float, typer.Option(help="seconds a run may take")] = 300.0,
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        out: Annotated[Path, typer.Option(help="the noise table to write")] = Path("noise.toml"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Measure noise: compare runs that should agree, and write what rounding makes of each quantity.

        The first command (or trace) is compared with every other: other tile sizes, threads, dtype, compilers, a
        program known to be right. `firstbad diff --noise FILE` judges by the table. Exit 0 written, 2 trouble.
        """
        from ...tracer.calibrate import measure_noise
        from ...tracer.catalogue import load
        from ...tracer.noise import NoiseTable

        texts = [*(args or []), *(_lines(cases) if cases else [])] or [""]
        plan = Plan(tuple(run or ()), tuple(texts), last_bit, tuple(warm.split(",")) if warm else (), timeout)
        plan.check(traces or [])
        twins = [*_logs(traces or []), *plan.twins()]
        measured = measure_noise(twins, load(catalogue))
        table = NoiseTable(measured.rows, plan.evidence(len(twins), measured.left_out))
        _write(out, table)
        if as_json:
            say_json({"written": str(out), "compared": len(twins), "left_out": list(measured.left_out)})
        else:
            _page(out, table, measured, len(twins))
        return 0


@dataclass(frozen=True)
class Plan:
    """What to run: each command on each set of arguments, as they are and with their last bits moved."""

    commands: tuple[str, ...]
    arguments: tuple[str, ...]
    last_bit: int
    warm: tuple[str, ...]
    timeout: float

    def check(self, traces: Sequence[Path]) -> None:
        """FirstbadError `usage` where there is nothing to compare."""
        alone = len(self.commands) == 1 and not self.last_bit
        if alone or len(traces) == 1 or not (traces or self.commands):
            raise FirstbadError(
                "one run alone shows no noise",
                remedy="name two traces, two --run commands, or one and --last-bit 3",
                slug="usage",
            )

    def twins(self) -> Iterator[Twin]:
        """The first command's trace with each other one of the same arguments."""
        from ...tracer.calibrate import Twin, last_bit

        if not self.commands:
            return
        with tempfile.TemporaryDirectory(prefix="firstbad-calibrate-") as folder:
            runner = _Runner(self, Path(folder))
            for number, text in enumerate(self.arguments, 1):
                first = runner.trace(self.commands[0], text)
                for index, command in enumerate(self.commands[1:], 2):
                    yield Twin(f"command {index}, case {number}", first, runner.trace(command, text))
                for seed in range(self.last_bit):
                    index, moved = seed % len(self.commands), last_bit(text, seed)
                    if moved != text:
                        where = f"command {index + 1}, case {number}, last bits moved"
                        yield Twin(where, first, runner.trace(self.commands[index], moved))

    def evidence(self, compared: int, left_out: Sequence[str]) -> dict[str, object]:
        """What the table says of itself."""
        from datetime import date

        return {
            "date": date.today().isoformat(),
            "compared": compared,
            "left_out": len(left_out),
            "commands": list(self.commands),
            "cases": len(self.arguments),
            "last_bit": self.last_bit,
        }


class _Runner:
    """Runs commands in copies of this directory; a run without a trace is an error."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        from ...bisect.inquiry import Case, GateLimits, Inquiry, Program
        from ...bisect.lab import Lab, full_room, surroundings

        self.plan = plan
        self.programs = {
            c: Program(f"run{n}", c, warm=plan.warm if c.startswith("{python}") else ())
            for n, c in enumerate(plan.commands, 1)
        }
        first = self.programs[plan.commands[0]]
        cases = tuple(Case(f"case {n}", text) for n, text in enumerate(plan.arguments, 1))
        inquiry = Inquiry(first, first, cases, GateLimits(), timeout=plan.timeout)
        self.lab, self.room = Lab(inquiry, folder), full_room(surroundings(inquiry))

    def trace(self, command: str, arguments: str) -> Trace:
        """What the command prints with these arguments."""
        from ...bisect.inquiry import Case
        from ...tracer.text import read

        done = self.lab.run(self.programs[command], Case("case", arguments), self.room, None)
        log = done.folder / "stdout"
        if done.ended.code != 0 or b"TRACE" not in log.read_bytes():
            late = "it did not end in time" if done.ended.timed_out else ""
            said = done.ended.problem or late or done.ended.text("stderr").strip().rpartition("\n")[2]
            raise FirstbadError(
                f"`{command}` gave no trace with `{arguments}`: {said or f'status {done.ended.code}'}",
                remedy="run it by hand; it must print TRACE lines and end with status 0",
                slug="no-trace-run",
            )
        return read(log)


def _logs(paths: Sequence[Path]) -> Iterator[Twin]:
    from ...tracer.calibrate import Twin
    from ...tracer.text import read

    traces = [read(path) for path in paths]
    for path, trace in zip(paths[1:], traces[1:], strict=True):
        yield Twin(path.name, traces[0], trace)


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise FirstbadError(
            f"the cases {path} cannot be read: {problem}", remedy="one set of arguments a line", slug="cases-unreadable"
        ) from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _write(path: Path, table: NoiseTable) -> None:
    from ...tracer.noise import noise_text

    try:
        path.write_text(noise_text(table), encoding="utf-8")
    except OSError as problem:
        raise FirstbadError(
            f"{path} cannot be written: {problem.strerror}", remedy="choose another place", slug="unwritable"
        ) from None


def _page(path: Path, table: NoiseTable, measured: Measured, compared: int) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(f"{compared} pairs of runs compared; the noise table is {path}"), soft_wrap=True)
    for dtype, rows in table.rows.items():
        if not rows:
            continue
        name = max(rows, key=lambda key: rows[key].ulp)
        text = f"  {dtype}: {len(rows)} quantities; the noisiest is {name}, {rows[name].ulp:.3g} roundings"
        out.print(Text(text), soft_wrap=True)
        for key, row in rows.items():
            if row.ulp > _LARGE:
                text = (
                    f"  {key} ({dtype}): {row.ulp:.3g} roundings in {row.where}. Is that rounding? See `firstbad diff`"
                )
                out.print(Text(text, style="yellow"), soft_wrap=True)
    for where in measured.left_out:
        out.print(Text(f"  left out, a decision or a shape differs: {where}", style="dim"), soft_wrap=True)
