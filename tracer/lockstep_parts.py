"""What is compared in lockstep.py: a long file, line by line; and what is found on the way to the first origin."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .diff import Alone, Diff, Finding, Setting, Side
from .lockstep_step import name_of
from .model import Record, Skipped, Trace
from .stream import all_trace, blocks, steered
from .text import parse_bytes

_KEPT = 1000
"""One-sided records of a quantity, and lines that were not read, that are kept; the others are counted."""
_ASIDE = 20_000
"""Lines that are kept of those which are not compared."""
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
        """Names that the other side does not have, and what they are called: their lines are not compared."""
        self.more: dict[str, int] = {}
        """How many lines of each of them were passed."""
        self.ahead: list[tuple[int, bytes]] = []
        self.front: list[tuple[int, bytes]] = []
        self.behind: list[tuple[int, bytes]] = []
        """Their lines among those that are still to be compared, and the first and the last ones of those before:
        formulas may need them."""
        self._source = _trace_lines(path)

    def fill(self, least: int) -> None:
        """Read until there are `least` lines, the file ends, or too many lie between that are not compared."""
        while len(self.lines) < least and not (self.lines and len(self.ahead) > _ASIDE):
            more = next(self._source, None)
            if more is None:
                if not self.lines:
                    self._pass(len(self.ahead))
                return
            numbers, lines = self._without(*more) if self.gone else more
            self.lines.extend(lines)
            self.numbers.extend(numbers)
            if not self.lines:
                self._pass(max(len(self.ahead) - _ASIDE, 0))

    def forget(self, names: Mapping[bytes, str]) -> None:
        """Set the lines of these names aside from here on, those that were read already too."""
        self.gone.update(names)
        ahead, self.ahead = self.ahead, []
        self.numbers, self.lines = self._without(self.numbers, self.lines)
        self.ahead = sorted(ahead + self.ahead)

    def recall(self, name: bytes) -> None:
        """Compare the lines of a name again."""
        self.gone.pop(name)
        back = [one for one in self.ahead if name_of(one[1]) == name]
        self.ahead = [one for one in self.ahead if name_of(one[1]) != name]
        merged = sorted([*back, *zip(self.numbers, self.lines, strict=True)])
        self.numbers, self.lines = [n for n, _ in merged], [line for _, line in merged]

    def _without(self, numbers: Sequence[int], lines: list[bytes]) -> tuple[list[int], list[bytes]]:
        kept: list[tuple[int, bytes]] = []
        for one in zip(numbers, lines, strict=True):
            (self.ahead if name_of(one[1]) in self.gone else kept).append(one)
        return [n for n, _ in kept], [line for _, line in kept]

    def take(self, size: int) -> tuple[list[int], list[bytes]]:
        """The next lines: they are compared."""
        taken = self.numbers[:size], self.lines[:size]
        del self.numbers[:size], self.lines[:size]
        self.count += size
        if self.ahead and size:
            self._pass(bisect_left(self.ahead, (taken[0][-1], b"")))
        return taken

    def _pass(self, size: int) -> None:
        """Count so many of the lines that were set aside: what stands behind them is compared."""
        passed = self.ahead[:size]
        del self.ahead[:size]
        self.count += size
        for _, line in passed:
            quantity = self.gone[name_of(line)]
            self.more[quantity] = self.more.get(quantity, 0) + 1
        self.front += passed[: max(_KEPT - len(self.front), 0)]
        self.behind = [*self.behind, *passed][-_ASIDE:]

    def aside(self, size: int) -> list[tuple[int, bytes]]:
        """What is set aside among the next lines, so many, and directly behind them."""
        end = self.numbers[size] if size < len(self.numbers) else None
        return self.ahead[:] if end is None else self.ahead[: bisect_left(self.ahead, (end, b""))]

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
        return len(self.lines) + len(self.ahead) + sum(len(lines) for _, lines in self._source)


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

    def add(
        self, diff: Diff, first: dict[Side, int], since: dict[Side, int], aside: Mapping[Side, Collection[str]]
    ) -> bool:
        """Take what a window shows that begins with these lines; whether records or lines are on one side only.

        Records count `since` a line before; those that are set `aside` are counted where they are passed.
        """
        odd = False
        for one in diff.missing:
            fresh = [record for record in one.records if record.line >= since[one.side]]
            fresh = [] if one.quantity in aside[one.side] else fresh
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
