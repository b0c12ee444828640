"""A chain of quantities, computed again and again: long logs of two sides, and what is said of them."""

from __future__ import annotations

from pathlib import Path

from chain_program import CHAIN
from firstbad.tracer.diff import Diff, Side, compare
from firstbad.tracer.stream import compare_files
from firstbad.tracer.text import read

NAMES = ("a", "b", "k", "sum", "scaled", "table", "final")
STEP = len(NAMES)
REF, CAND = Side.REFERENCE, Side.CANDIDATE
Lines = list[str]


def loop(
    count: int,
    fault: int = -1,
    form: str = ".17g",
    first: float = 1,
    off: float = 0,
    stays: bool = False,
    **wrong: float,
) -> Lines:
    """The lines of a chain of quantities, `count` times; `fault` is the step in which one is as `wrong` says, and the
    first of them where it `stays`.

    `first` is what the loop begins with, `off` by how much its values are relatively off, as those of a port are.
    """
    lines: Lines = []
    for i in range(count):
        a, k = (first + i * 0.001) * (1 + off), 2.0
        bad = 0 <= fault <= i if stays else i == fault
        if bad:
            k = wrong.get("k", k)
        row = [a, 2.125, k, a + 2.125, k * (a + 2.125), 3.5, k * (a + 2.125) * 3.5 * 3.5]
        told = {name: wrong[name] if bad and name in wrong else v for name, v in zip(NAMES, row, strict=True)}
        lines += [f"TRACE: {name} {value:{form}}" for name, value in told.items()]
    return lines


def faulty(count: int, fault: int, name: str, first: float = 1) -> Lines:
    """The same with a wrong value of one quantity in a step; none where it is not named."""
    if name == "k":
        return loop(count, fault=fault, first=first, k=2.5)
    lines = loop(count, first=first)
    if name:
        lines[fault * STEP + NAMES.index(name)] = f"TRACE: {name} 2.5"
    return lines


def without(lines: Lines, *steps: int, name: str = "scaled") -> Lines:
    gone = {step * STEP + NAMES.index(name) for step in steps}
    return [line for i, line in enumerate(lines) if i not in gone]


def lacking(lines: Lines, name: str) -> Lines:
    return [line for line in lines if f" {name} " not in line]


def diff(tmp_path: Path, one: Lines, two: Lines) -> Diff:
    """As files, read in lockstep where they count as long."""
    for name, lines in (("a.log", one), ("b.log", two)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return compare_files(tmp_path / "a.log", tmp_path / "b.log", CHAIN)


def whole(tmp_path: Path) -> Diff:
    """The same two files, compared whole."""
    return compare(read(tmp_path / "a.log"), read(tmp_path / "b.log"), CHAIN)


def alone(found: Diff) -> dict[tuple[str, Side], int]:
    return {(one.quantity, one.side): len(one.records) + one.more for one in found.missing}
