"""What is compared in lockstep.py: a long file, line by line; and what is found on the way to the first origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .diff import Alone, Diff, Finding, Setting, Side
from .model import Record, Skipped, Trace
from .stream import all_trace, blocks, steered
from .text import parse_bytes

_KEPT = 1000
"""One-sided records of a quantity, and lines that were not read, that are kept; the others are counted."""
_NO_RECORD = (b"TRACE_OPEN:", b"TRACE_SEAL:", b"TRACE_INPUT:")


class File:
    """One side: the lines that are still to be compared, with their numbers."""

    def __init__(self, side: Side, path: Path) -> None:
        self.side, self.path = side, path
        self.lines: list[bytes] = []
        self.numbers: list[int] = []
        self.count = 0
        """Lines that were compared."""
        self.gone: dict[bytes, str] = {}
        """Names that the other side does not have, and what they are called: their lines are counted, no more."""
        self.more: dict[str, int] = {}
        self._source = _trace_lines(path)

    def fill(self, least: int) -> None:
        """Read until there are `least` lines or the file ends."""
        while len(self.lines) < least and (more := next(self._source, None)) is not None:
            numbers, lines = more
            if self.gone:
                numbers, lines = self._without(numbers, lines)
            self.lines.extend(lines)
            self.numbers.extend(numbers)

    def forget(self) -> None:
        """Count those of the lines that were read already whose names are gone by now."""
        self.numbers, self.lines = self._without(self.numbers, self.lines)

    def _without(self, numbers: Sequence[int], lines: list[bytes]) -> tuple[list[int], list[bytes]]:
        kept = [(n, line) for n, line in zip(numbers, lines, strict=True) if name_of(line) not in self.gone]
        if len(kept) < len(lines):
            self.count += len(lines) - len(kept)
            for name in filter(self.gone.__contains__, map(name_of, lines)):
                self.more[self.gone[name]] = self.more.get(self.gone[name], 0) + 1
        return [n for n, _ in kept], [line for _, line in kept]

    def take(self, size: int) -> tuple[list[int], list[bytes]]:
        """The next lines: they are compared."""
        taken = self.numbers[:size], self.lines[:size]
        del self.numbers[:size], self.lines[:size]
        self.count += size
        return taken

    def trace(self, numbers: list[int], lines: list[bytes]) -> Trace:
        """The trace in some of the lines, its records numbered as in the file."""
        found = parse_bytes(b"\n".join((*lines, b"")), str(self.path))
        return replace(
            found,
            records=tuple(replace(record, line=numbers[record.line - 1]) for record in found.records),
            skipped=tuple(replace(skipped, line=numbers[skipped.line - 1]) for skipped in found.skipped),
        )

    def rest(self) -> int:
        """How many lines there are still; they are read, and gone."""
        return len(self.lines) + sum(len(lines) for _, lines in self._source)


@dataclass
class Found:
    """What was found on the way to the first origin."""

    alone: dict[tuple[str, Side], tuple[list[Record], int]] = field(
        default_factory=dict[tuple[str, Side], "tuple[list[Record], int]"]
    )
    partly: set[str] = field(default_factory=set[str])
    unread: dict[Side, list[Skipped]] = field(default_factory=lambda: {Side.REFERENCE: [], Side.CANDIDATE: []})
    healed: dict[str, Finding] = field(default_factory=dict[str, Finding])
    config: dict[str, Setting] = field(default_factory=dict[str, Setting])

    def add(self, diff: Diff, first: dict[Side, int]) -> bool:
        """Take what a window shows that begins with these lines; whether records or lines are on one side only."""
        odd = False
        for one in diff.missing:
            fresh = [record for record in one.records if record.line >= first[one.side]]
            odd = odd or bool(fresh)
            if fresh:
                self.alone_too(one.quantity, one.side, fresh)
                self.partly.update({one.quantity} if one.partly else ())
        for side, lines in diff.unread.items():
            fresh_lines = [line for line in lines if line.line >= first[side]]
            odd = odd or bool(fresh_lines)
            self.unread[side] += fresh_lines[: max(_KEPT - len(self.unread[side]), 0)]
        self.healed = {**{f.quantity: f for f in diff.healed}, **self.healed}
        self.config = {**{s.name: s for s in diff.config}, **self.config}
        return odd

    def alone_too(self, quantity: str, side: Side, records: list[Record], more: int = 0) -> None:
        """Further records of one side only, of which the first are kept."""
        kept, others = self.alone.get((quantity, side), ([], 0))
        room = max(_KEPT - len(kept), 0)
        self.alone[quantity, side] = [*kept, *records[:room]], others + more + len(records[room:])

    def put_into(self, diff: Diff) -> Diff:
        """The diff of the last window with all of this in it."""
        apart = {f.quantity for f in (*diff.origins, *diff.inherited, *diff.flipped)}
        missing = (
            Alone(name, side, tuple(records), name in self.partly, more)
            for (name, side), (records, more) in self.alone.items()
        )
        return replace(
            diff,
            missing=tuple(missing),
            unread={side: tuple(lines) for side, lines in self.unread.items()},
            healed=tuple(f for name, f in self.healed.items() if name not in apart),
            config=tuple(self.config.values()),
        )


def name_of(line: bytes) -> bytes:
    """The second word of a line: the name of a plain record."""
    return line.split(b" ", 2)[1] if line.count(b" ") > 1 else b""


def _trace_lines(path: Path) -> Iterator[tuple[Sequence[int], list[bytes]]]:
    """Lines with TRACE, block by block, with their numbers in the file; not a last one that may be cut."""
    at = 1
    for block in blocks(path):
        lines = block.split(b"\n")
        last = lines.pop()
        numbers = range(at, at + len(lines))
        at += len(lines)
        if not steered(block, last) and all_trace(block, len(lines)):
            yield numbers, lines
            continue
        kept = [(n, line) for n, line in zip(numbers, lines, strict=True) if _may_hold(line)]
        if kept:
            yield [n for n, _ in kept], [line for _, line in kept]


def _may_hold(line: bytes) -> bool:
    return b"TRACE" in line and not any(word in line for word in _NO_RECORD)
