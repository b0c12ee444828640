"""`firstbad calibrate`: measure how far runs that should agree differ, and write the noise table that diff reads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tracer.errors import FirstbadError
from ..output import console, say_json, say_note

if TYPE_CHECKING:
    from ...bisect.inquiry import Case
    from ...tracer.calibrate import Twin
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
        from ...tracer.noise import NoiseTable
        from ..known import choose

        texts = [*(args or []), *(_lines(cases) if cases else [])] or [""]
        plan = Plan(tuple(run or ()), tuple(texts), last_bit, tuple(warm.split(",")) if warm else (), timeout)
        plan.check(traces or [])
        _check_place(out)
        failed: list[str] = []
        twins = [*_logs(traces or []), *plan.twins(failed)]
        known, note = choose(catalogue, None, *(trace for twin in twins for trace in (twin.a, twin.b)))
        measured = measure_noise(twins, known)
        left_out = (*measured.left_out, *failed)
        table = NoiseTable(measured.rows, plan.evidence(len(twins), left_out))
        _write(out, table)
        if as_json:
            notes = {"notes": [note]} if note else {}
            say_json({"written": str(out), "compared": len(twins), "left_out": list(left_out), **notes})
        else:
            _page(out, table, left_out, len(twins))
            say_note(note)
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

    def twins(self, failed: list[str]) -> Iterator[Twin]:
        """The first command's trace with each other one of the same arguments; runs without a trace go to `failed`.

        FirstbadError `no-trace-run` where they all do.
        """
        if not self.commands:
            return
        with tempfile.TemporaryDirectory(prefix="firstbad-calibrate-") as folder:
            runner = _Runner(self, Path(folder), failed)
            for number, text in enumerate(self.arguments, 1):
                yield from self._case(runner, number, text)
        if runner.trouble is not None and not runner.traces:
            raise runner.trouble

    def _case(self, runner: _Runner, number: int, text: str) -> Iterator[Twin]:
        from ...tracer.calibrate import Twin, last_bit, precision

        plain = [runner.trace(i, text, f"command {i + 1}, case {number}") for i in range(len(self.commands))]
        first = plain[0]
        if first is None:
            return
        for index, trace in enumerate(plain[1:], 2):
            if trace is not None:
                yield Twin(f"command {index}, case {number}", first, trace)
        for count in range(self.last_bit):
            index = count % len(plain)
            like = plain[index]
            moved = "" if like is None else last_bit(text, number * self.last_bit + count, precision(like))
            if moved and moved != text:
                where = f"command {index + 1}, case {number}, last bits moved"
                trace = runner.trace(index, moved, where)
                if trace is not None:
                    yield Twin(where, first, trace)

    def evidence(self, compared: int, left_out: Sequence[str]) -> dict[str, object]:
        """What the table says of itself: enough to run each row's command and case again."""
        from datetime import date

        return {
            "date": date.today().isoformat(),
            "compared": compared,
            "last_bit": self.last_bit,
            "left_out": list(left_out),
            "commands": list(self.commands),
            "cases": list(self.arguments),
        }


class _Runner:
    """Runs commands in copies of this directory; those without a trace are noted in `failed`."""

    def __init__(self, plan: Plan, folder: Path, failed: list[str]) -> None:
        from ...bisect.inquiry import Case, GateLimits, Inquiry, Program
        from ...bisect.lab import Lab, full_room, surroundings

        self.failed, self.traces = failed, 0
        self.trouble: FirstbadError | None = None
        self.programs = [
            Program(f"run{n}", c, warm=plan.warm if c.startswith("{python}") else ())
            for n, c in enumerate(plan.commands, 1)
        ]
        cases = tuple(Case(f"case {n}", text) for n, text in enumerate(plan.arguments, 1))
        inquiry = Inquiry(self.programs[0], self.programs[0], cases, GateLimits(), timeout=plan.timeout)
        self.lab, self.room = Lab(inquiry, folder), full_room(surroundings(inquiry))

    def trace(self, index: int, arguments: str, where: str) -> Trace | None:
        """What command number `index` prints with these arguments; what else it left is removed."""
        from ...bisect.inquiry import Case

        case = Case("case", arguments)
        try:
            found = self._run(index, case)
        except FirstbadError as problem:
            self.trouble = problem
            self.failed.append(f"{where}: {problem.message}")
            return None
        finally:
            self.lab.forget(case)
        self.traces += 1
        return found

    def _run(self, index: int, case: Case) -> Trace:
        from ...tracer.text import read

        program = self.programs[index]
        done = self.lab.run(program, case, self.room, None)
        log = done.folder / "stdout"
        if done.ended.code != 0 or b"TRACE" not in log.read_bytes():
            late = "it did not end in time" if done.ended.timed_out else ""
            said = done.ended.problem or late or done.ended.text("stderr").strip().rpartition("\n")[2]
            raise FirstbadError(
                f"`{program.command}` gave no trace with `{case.args}`: {said or f'status {done.ended.code}'}",
                remedy="run it by hand; it must print TRACE lines and end with status 0",
                slug="no-trace-run",
            )
        return replace(read(log), folder=str(Path.cwd()))  # the files that it read lie here; the copies go


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


def _check_place(path: Path) -> None:
    """Refuse, before the work, to replace what is no noise table of ours; an empty file and a device hold nothing."""
    from ...tracer.noise import MARK

    try:
        held = path.read_bytes() if path.is_file() else b""
        ours = not path.is_dir() and (not held or held.startswith(MARK.encode()))
    except OSError as problem:
        raise _unwritable(path, problem) from None
    if not ours:
        raise FirstbadError(
            f"{path} exists already and is no noise table of ours", remedy="name another file", slug="exists"
        )


def _write(path: Path, table: NoiseTable) -> None:
    from ...tracer.noise import noise_text

    try:
        path.write_text(noise_text(table), encoding="utf-8")
    except OSError as problem:
        raise _unwritable(path, problem) from None


def _unwritable(path: Path, problem: OSError) -> FirstbadError:
    return FirstbadError(
        f"{path} cannot be written: {problem.strerror}", remedy="choose another place", slug="unwritable"
    )


def _page(path: Path, table: NoiseTable, left_out: Sequence[str], compared: int) -> None:
    from rich.text import Text

    from ..values import count

    out = console()
    out.print(Text(f"{count(compared, 'pair')} of runs compared; the noise table is {path}"), soft_wrap=True)
    for dtype, rows in table.rows.items():
        if not rows:
            continue
        name = max(rows, key=lambda key: rows[key].ulp)
        most = rows[name].ulp
        noisiest = f"the noisiest is {name}, {_roundings(most)}" if most else "none differs by a rounding of its own"
        out.print(Text(f"  {dtype}: {count(len(rows), 'quantity')}; {noisiest}"), soft_wrap=True)
        for key, row in rows.items():
            if row.ulp > _LARGE:
                text = f"  {key} ({dtype}): {_roundings(row.ulp)} in {row.where}. Is that rounding? See `firstbad diff`"
                out.print(Text(text, style="yellow"), soft_wrap=True)
    for where in left_out:
        out.print(Text(f"  left out: {where}", style="dim"), soft_wrap=True)


def _roundings(ulp: float) -> str:
    return f"{ulp:.3g} rounding{'' if f'{ulp:.3g}' == '1' else 's'}"
