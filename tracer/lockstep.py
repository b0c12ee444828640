"""Two long files side by side, in bounded memory: what is compared line by line is judged where it differs.

Lines that say the same are only counted. Around those that do not, a window is judged (diff.py) with the set-up lines
and the last ones in front of it, until an origin or a flipped decision ends the search. Records of one side only,
lines that were not read and what heals are collected on the way: the search goes on where both files are in step again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from .catalogue import Catalogue
from .diff import Diff, Side, compare
from .lockstep_parts import File, Found, name_of
from .model import Manifest, Skipped, Trace
from .numerals import vanished
from .stream import all_trace, blocks, controlled
from .text import CUT, Reader
from .tolerance import Limits
from .unread import apart

HEADER = 600
WINDOW = 1200
AHEAD = 400
_FAR = 4 * AHEAD
"""Lines of a window, and of one in which the two sides are not in step again any earlier."""
_SAME = 8
"""Lines in a row by which two sides are known to be in step."""
_CLOSE, _LIKE = 1e-9, 1e-4
"""Lines whose numbers differ relatively by less are not worth a window, or are one where the step is sought."""


@dataclass
class _Chunk:
    """Lines of both sides that belong together, with their numbers; `even` where each has its partner beside it."""

    numbers: tuple[list[int], list[int]]
    lines: tuple[list[bytes], list[bytes]]
    even: bool

    def __len__(self) -> int:
        return max(map(len, self.lines))

    def part(self, begin: int, end: int) -> _Chunk:
        """Some of its lines; `even` ones only."""
        (m, n), (x, y) = self.numbers, self.lines
        return _Chunk((m[begin:end], n[begin:end]), (x[begin:end], y[begin:end]), even=True)


class Lockstep:
    """Two files, line by line; keeps the set-up lines and the last few thousand of each side."""

    def __init__(self, paths: tuple[Path, Path], catalogue: Catalogue | None, limits: Limits | None) -> None:
        self.paths, self.catalogue, self.limits = paths, catalogue, limits
        self.files = File(Side.REFERENCE, paths[0]), File(Side.CANDIDATE, paths[1])
        self.header: list[_Chunk] = []
        self.recent: deque[_Chunk] = deque()
        self.known: set[bytes] = set()
        self.shared: set[bytes] = set()
        """Names that one side did not have for a while: such lines are not counted away again."""
        self.found = Found()
        self.last: Diff | None = None

    def run(self) -> Diff:
        """Until an origin or a flipped decision, or where one side ends; else the diff of the last window."""
        a, b = self.files
        while self._fill(1):
            if not (a.lines and b.lines):
                return self._one_ends()
            count = min(len(a.lines), len(b.lines))
            at = self._first(a.lines[:count], b.lines[:count])
            self._keep(count if at is None else at)
            if at is None:
                continue
            sizes, in_step = self._window()
            diff = self._judge(sizes)
            first = {file.side: file.numbers[0] if file.numbers else 0 for file in self.files}
            odd = self.found.add(diff, first)
            at = a.count + 1
            if not diff.agree:
                return self._noted(diff, f"read up to trace line {at}: what follows was not looked at")
            if odd and not in_step:
                said = f"read up to trace line {at}: behind it the two do not run in step again, and were not looked at"
                return self._noted(diff, said)
            self.last = diff
            self.known.update(finding.reference.quantity.encode() for finding in diff.healed)
            learnt = self._learn(diff, sizes, first)
            self._keep(*sizes, even=not odd)
            for file in learnt:
                file.forget()
        count = max(file.count for file in self.files)
        said = f"compared line by line, {count} trace lines; shown are the set-up and the last of them"
        return self._noted(self.last or self._judge((0, 0)), said)

    def _one_ends(self) -> Diff:
        """Nothing behind the end of one side can be an origin."""
        longer = next(file for file in self.files if file.lines)
        ended = "candidate" if longer.side is Side.REFERENCE else "reference"
        sizes = min(AHEAD, len(self.files[0].lines)), min(AHEAD, len(self.files[1].lines))
        diff = self._judge(sizes)
        self.found.add(diff, {file.side: file.numbers[0] if file.numbers else 0 for file in self.files})
        more = longer.rest()
        return self._noted(
            diff,
            f"the {ended} ends before the last {more} trace lines of the {longer.side}: {max(sizes)} were looked at",
        )

    def _fill(self, least: int) -> bool:
        """Read until each side has `least` lines or ends; False where neither has any left."""
        for file in self.files:
            file.fill(least)
        return any(file.lines for file in self.files)

    def _first(self, a: list[bytes], b: list[bytes]) -> int | None:
        """Index of the first pair of lines that needs a judge."""
        if a == b:
            return None
        pairs = enumerate(zip_longest(a, b, fillvalue=b""))
        return next((i for i, (x, y) in pairs if x != y and not _alike(x, y, _CLOSE, self.known)), None)

    def _window(self) -> tuple[tuple[int, int], bool]:
        """How many lines of each side to judge, and whether the two are in step behind them."""
        sizes = 0, 0
        for size in (AHEAD, _FAR):
            self._fill(size)
            a, b = (file.lines[:size] for file in self.files)
            sizes = len(a), len(b)
            if max(sizes) < size:
                return sizes, True  # both end here
            if step := self._even(a, b):
                return step, True
        return (min(AHEAD, sizes[0]), min(AHEAD, sizes[1])), False

    def _even(self, a: list[bytes], b: list[bytes]) -> tuple[int, int] | None:
        """Where both windows end with the same lines: a record dropped before makes the last ones lonely.

        Lines whose name the other window does not have tell nothing about the step.
        """
        x, y = _shared(a, b), _shared(b, a)
        for cut in range(max(len(x), len(y)) - _SAME + 1):
            for m, n in ((len(x) - cut, len(y)), (len(x), len(y) - cut)):
                if min(m, n) >= _SAME and all(
                    a[i] == b[j] or _alike(a[i], b[j], _LIKE, self.known)
                    for i, j in zip(x[m - _SAME : m], y[n - _SAME : n], strict=True)
                ):
                    return x[m - 1] + 1, y[n - 1] + 1
        return None

    def _learn(self, diff: Diff, sizes: tuple[int, int], first: dict[Side, int]) -> list[File]:
        """Names that one side alone has: not each of their lines needs a judge, unless the other shows them later."""
        learnt: list[File] = []
        names = [set(map(name_of, file.lines[:size])) for file, size in zip(self.files, sizes, strict=True)]
        for one in diff.missing:
            file, other = self.files if one.side is Side.REFERENCE else self.files[::-1]
            name = one.records[-1].quantity.encode()
            if other.gone.pop(name, None):
                self.found.partly.add(one.quantity)
                self.shared.add(name)
            alone = one.records[-1].line >= first[one.side] and not one.partly and name not in self.shared
            if alone and name in names[self.files.index(file)] - names[self.files.index(other)]:
                file.gone[name] = one.quantity
                learnt.append(file)
        return learnt

    def _keep(self, *counts: int, even: bool = True) -> None:
        """Move lines from what is to be compared to what was: one count, or one of each side."""
        (m, x), (n, y) = self.files[0].take(counts[0]), self.files[1].take(counts[-1])
        chunk = _Chunk((m, n), (x, y), even and len(x) == len(y))
        room = max(HEADER - sum(map(len, self.header)), 0)
        if not chunk.even:
            (self.header if room else self.recent).append(chunk)
        else:
            self.header += [chunk.part(0, room)] if room and len(chunk) else []
            self.recent.append(chunk.part(max(room, len(chunk) - WINDOW), len(chunk)))
        self._forget()

    def _forget(self) -> None:
        """Leave the oldest lines away, as many as the context needs not."""
        while (over := sum(map(len, self.recent)) - WINDOW) > 0:
            oldest = self.recent[0]
            if len(oldest) <= over:
                self.recent.popleft()
            elif oldest.even:
                self.recent[0] = oldest.part(over, len(oldest))
            else:
                return

    def _judge(self, sizes: tuple[int, int]) -> Diff:
        """The diff of the context and so many of the lines behind it."""
        context = [*self.header, *self.recent]
        traces: list[Trace] = []
        for i, (file, size) in enumerate(zip(self.files, sizes, strict=True)):
            numbers = [n for chunk in context for n in chunk.numbers[i]] + file.numbers[:size]
            lines = [line for chunk in context for line in chunk.lines[i]] + file.lines[:size]
            if file.gone:  # what is counted away further on must not be found in the context: it is of an earlier step
                kept = [(n, line) for n, line in zip(numbers, lines, strict=True) if name_of(line) not in file.gone]
                numbers, lines = [n for n, _ in kept], [line for _, line in kept]
            traces.append(file.trace(numbers, lines))
        return compare(traces[0], traces[1], self.catalogue, self.limits)

    def _noted(self, diff: Diff, note: str) -> Diff:
        """With what was found before, and what the beginnings of the files say: a part of a sealed file is sealed.

        There is no verdict on files of which one is not whole, even where it is not read to its end.
        """
        cut = [Trace((), str(path), skipped=_verify(path)) for path in self.paths]
        for side, lines in zip((Side.REFERENCE, Side.CANDIDATE), apart(*cut), strict=True):
            self.found.unread[side] += lines
        for file in self.files:
            for quantity, more in file.more.items():
                self.found.alone_too(quantity, file.side, [], more)
        found = self.found.put_into(_unjudged(diff) if any(file.gone for file in self.files) else diff)
        heads = [_head(path) for path in self.paths]
        told = compare(heads[0], heads[1], self.catalogue).config
        sides = zip(("reference", "candidate"), heads, strict=True)
        sealed = tuple(f"the {side} is unsealed" for side, head in sides if head.sealed)
        notes = (*(n for n in found.notes if not n.startswith(sealed)), note)
        count = max(file.count for file in self.files)
        return replace(found, notes=notes, config=(*told, *found.config), lines=count)


def _unjudged(diff: Diff) -> Diff:
    """The origins without a side at fault: no formula can be trusted where lines that it needs are counted away."""
    origins = tuple(
        replace(finding, side=Side.UNKNOWN, why="", reference_closure=None, candidate_closure=None)
        for finding in diff.origins
    )
    return replace(diff, origins=origins, closures=dict.fromkeys(diff.closures, ()))


def _shared(lines: list[bytes], others: list[bytes]) -> list[int]:
    """The places of the lines whose name is among the others, too."""
    names = set(map(name_of, others))
    return [i for i, line in enumerate(lines) if name_of(line) in names]


def _alike(x: bytes, y: bytes, limit: float, known: set[bytes]) -> bool:
    """Whether two lines say the same within a limit, or differ in a quantity whose difference is known to heal."""
    p, q = x.split(), y.split()
    if len(p) != len(q) or len(p) < 3 or p[1] != q[1]:
        return False
    if p[1] in known:
        return True
    try:
        one, two = [float(t) for t in p[2:]], [float(t) for t in q[2:]]
    except ValueError:
        return p[2:] == q[2:]
    scale = max(map(abs, one), default=0.0)
    rows = zip(p[2:], q[2:], one, two, strict=True)
    return all(
        s == t or (abs(m - n) <= limit * scale and not (_whole(s) and _whole(t)) and not (_tiny(s, m) or _tiny(t, n)))
        for s, t, m, n in rows
    )


def _tiny(token: bytes, value: float) -> bool:
    """Whether it is not 0, and too small for a double."""
    return value == 0 and vanished(token.decode("ascii", "replace"), value)


def _whole(token: bytes) -> bool:
    """Whether it is a whole number, which tells another one from it however large both are."""
    return token.lstrip(b"+-").isdigit()


def _head(path: Path) -> Trace:
    """The facts that a file opens with and the files that its run read; no record."""
    reader = Reader(str(path))
    for _ in reader.records(next(blocks(path), b"").splitlines(keepends=True)):
        pass
    facts = reader.seal.facts
    return Trace((), str(path), None if facts is None else Manifest(facts), inputs=tuple(reader.inputs))


def _verify(path: Path) -> tuple[Skipped, ...]:
    """Check the seal of a file, for which no number is parsed; its last line, where that lacks its newline."""
    reader = Reader(str(path))
    at = 0
    for block in blocks(path):
        count = block.count(b"\n")
        if block.endswith(b"\n") and not controlled(block) and all_trace(block, count):
            reader.seal.block(block, count, at + 1)
        else:
            for _ in reader.records(block.splitlines(keepends=True), at + 1):
                pass
        at += count
    reader.finish()
    return tuple(skipped for skipped in reader.skipped if skipped.reason == CUT)
