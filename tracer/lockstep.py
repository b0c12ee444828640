"""Two long files side by side, in bounded memory: what is compared line by line is judged where it differs.

Lines that say the same are only counted. Around those that do not, a window is judged (diff.py) with the set-up lines
and the last ones in front of it, until an origin or a flipped decision ends the search. Records of one side only,
lines that were not read and what heals are collected on the way: the search goes on where both files are in step again
(lockstep_step.py).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import groupby, product, zip_longest
from pathlib import Path

from .catalogue import Catalogue
from .diff import Diff, Side, compare
from .lockstep_parts import File, Found
from .lockstep_step import LEVELS, alike, in_step, loop_order, name_of
from .model import Manifest, Skipped, Trace
from .stream import all_trace, blocks, controlled
from .text import CUT, Reader
from .tolerance import Limits
from .unread import apart

HEADER = 600
WINDOW = 1200
AHEAD = 400
SIZES = (AHEAD, 4 * AHEAD, 16 * AHEAD, 64 * AHEAD)
"""Lines of a window, and of those in which it is sought where both sides are in step again, if not earlier."""
_STEP = 64
"""Lines in front of a window among which its first step begins."""
_SIDES = (Side.REFERENCE, Side.CANDIDATE)
_CLOSE = 1e-9
"""Lines whose numbers differ relatively by less are not worth a window."""


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

    def split(self) -> tuple[_Chunk, _Chunk]:
        """What comes before the lines that stand beside those of their names up to its end, and these lines."""
        (m, n), (x, y) = self.numbers, self.lines
        pairs = enumerate(zip(reversed(x), reversed(y), strict=False))
        even = next((i for i, (s, t) in pairs if name_of(s) != name_of(t)), min(len(x), len(y)))
        i, j = len(x) - even, len(y) - even
        return _Chunk((m[:i], n[:j]), (x[:i], y[:j]), even=False), _Chunk((m[i:], n[j:]), (x[i:], y[j:]), even=True)


class Lockstep:
    """Two files, line by line; keeps the set-up lines and the last few thousand of each side."""

    def __init__(self, paths: tuple[Path, Path], catalogue: Catalogue | None, limits: Limits | None) -> None:
        self.paths, self.catalogue, self.limits = paths, catalogue, limits
        self.files = File(Side.REFERENCE, paths[0]), File(Side.CANDIDATE, paths[1])
        self.header: list[_Chunk] = []
        self.seam = b""
        """The name of the line behind the set-up lines."""
        self.recent: deque[_Chunk] = deque()
        self.known: set[bytes] = set()
        self.shared: set[bytes] = set()
        """Names that one side did not have for a while: such lines are not counted away again."""
        self.found = Found()
        self.last: Diff | None = None
        self.judged = self._numbers()
        """Behind which lines nothing was judged yet."""

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
            if self._recalled():
                continue
            diff, sizes, stays = self._window()
            first = self._numbers()
            odd = self._add(diff, first)
            at = a.count + 1
            if not diff.agree or (odd and not stays):
                return self._noted(diff, _stopped(at, stays))
            self.last = diff
            self.known.update(finding.reference.quantity.encode() for finding in diff.healed)
            learnt = self._learn(diff, sizes, first)
            self._keep(*sizes, even=not odd, lone=_lone(diff))
            self.judged = self._numbers()
            for file, names in zip(self.files, learnt, strict=True):
                if names:
                    file.forget(names)
        count = max(file.count for file in self.files)
        said = f"compared line by line, {count} trace lines; shown are the set-up and the last of them"
        return self._noted(self.last or self._judge((0, 0)), said)

    def _one_ends(self) -> Diff:
        """Nothing behind the end of one side can be an origin."""
        longer = next(file for file in self.files if file.lines)
        ended = "candidate" if longer.side is Side.REFERENCE else "reference"
        sizes = min(AHEAD, len(self.files[0].lines)), min(AHEAD, len(self.files[1].lines))
        diff = self._judge(sizes)
        self._add(diff, self._numbers())
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
        return next((i for i, (x, y) in pairs if x != y and not alike(x, y, _CLOSE, self.known)), None)

    def _numbers(self) -> dict[Side, int]:
        """With which line of its file each side goes on."""
        return {file.side: file.numbers[0] if file.numbers else 0 for file in self.files}

    def _add(self, diff: Diff, first: dict[Side, int]) -> bool:
        """Whether records are on one side only, in a window or in the step in which it begins: some of its lines may
        say what those of another step say."""
        since = dict(self.judged)
        for i, side in enumerate(first):
            near = [n for chunk in [*self.header, *self.recent][-2:] for n in chunk.numbers[i]][-_STEP:]
            since[side] = max(since[side], *near[:1]) if near else first[side]
        return self.found.add(diff, first, since, {file.side: file.gone.values() for file in self.files})

    def _window(self) -> tuple[Diff, tuple[int, int], bool]:
        """The diff of the next lines, how many of each side it is of, and whether the two are in step behind them.

        Lines that stand beside those of their names are judged as they stand. Where these differ by more than noise,
        lines may be lacking all the same: a loop says nearly the same in each step.
        """
        self._fill(AHEAD)
        a, b = (file.lines[:AHEAD] for file in self.files)
        size, diff = (len(a), len(b)), None
        if list(map(name_of, a)) == list(map(name_of, b)):
            diff = self._judge(size)
            if not any((diff.origins, diff.inherited, diff.flipped, diff.healed, *diff.unread.values())):
                return diff, size, True
        sizes = self._in_step()
        if diff is not None and sizes and sizes[0] == sizes[1] and size[0] - _STEP < sizes[0] <= size[0]:
            return diff, size, True  # nothing is lacking: they were judged as they stand
        return self._judge(sizes or size), sizes or size, sizes is not None

    def _in_step(self) -> tuple[int, int] | None:
        """How many lines of each side there are to where both run in step again, or end."""
        order = self._order()
        for level, size in product(LEVELS, SIZES):
            self._fill(size)
            a, b = (file.lines[:size] for file in self.files)
            if step := in_step(a, b, self.known, level, AHEAD, order):
                return step
        rest = len(self.files[0].lines), len(self.files[1].lines)
        return rest if max(rest) < SIZES[-1] else None

    def _order(self) -> list[bytes]:
        """The names of the first loop, in order."""
        return loop_order([*(line for chunk in self.header for line in chunk.lines[0]), *self.files[0].lines[:AHEAD]])

    def _recalled(self) -> bool:
        """Compare lines again that were set aside, where the other side begins to have their name."""
        found = False
        for file, other in (self.files, self.files[::-1]):
            for name in file.gone.keys() & set(map(name_of, other.lines)) if file.gone else ():
                self.found.partly.add(file.gone[name])
                self.shared.add(name)
                file.recall(name)
                found = True
        return found

    def _learn(self, diff: Diff, sizes: tuple[int, int], first: dict[Side, int]) -> tuple[dict[bytes, str], ...]:
        """Names that one side alone has: not each of their lines needs a judge, unless the other shows them later."""
        learnt = dict[bytes, str](), dict[bytes, str]()
        names = [set(map(name_of, file.lines[:size])) for file, size in zip(self.files, sizes, strict=True)]
        for one in diff.missing:
            i = 0 if one.side is Side.REFERENCE else 1
            name = one.records[-1].quantity.encode()
            alone = one.records[-1].line >= first[one.side] and not one.partly and name not in self.shared
            if alone and name in names[i] - names[1 - i]:
                learnt[i][name] = one.quantity
        return learnt

    def _keep(self, *counts: int, even: bool = True, lone: tuple[set[int], set[int]] = (set(), set())) -> None:
        """Move lines from what is to be compared to what was: one count, or one of each side.

        Whole steps of one side only are not kept: what comes later is to be told from what stands beside it.
        """
        taken = [file.take(count) for file, count in zip(self.files, (counts[0], counts[-1]), strict=True)]
        if not even:
            step = len([name for name in self._order() if not any(name in file.gone for file in self.files)])
            taken = [_without_steps(*lines, which, step) for lines, which in zip(taken, lone, strict=True)]
        (m, x), (n, y) = taken
        chunk = _Chunk((m, n), (x, y), even and len(x) == len(y))
        for part in filter(len, (chunk,) if chunk.even else chunk.split()):
            room = max(HEADER - sum(map(len, self.header)), 0)
            if part.even:
                self.header += [part.part(0, room)] if room else []
                if room < len(part) and not self.seam:
                    self.seam = name_of(part.lines[0][room])
                self.recent.append(part.part(max(room, len(part) - WINDOW), len(part)))
            else:
                (self.header if room else self.recent).append(part)
        self._forget()

    def _forget(self) -> None:
        """Leave the oldest lines away, as many as the context needs not."""
        while (over := sum(map(len, self.recent)) - WINDOW) > 0:
            oldest = self.recent[0]
            if len(oldest) <= over or not oldest.even:
                self.recent.popleft()
            else:
                self.recent[0] = oldest.part(over, len(oldest))

    def _judge(self, sizes: tuple[int, int]) -> Diff:
        """The diff of the context and so many of the lines behind it, with those that are set aside among them."""
        recent = self._from_seam()
        sides = enumerate(zip(self.files, sizes, strict=True))
        one, two = (self._trace(i, file, size, recent) for i, (file, size) in sides)
        return compare(one, two, self.catalogue, self.limits)

    def _from_seam(self) -> list[_Chunk]:
        """The last lines, from one on that may follow the set-up lines: a step of which only some lines are there would
        shift those of one name against those of another.
        """
        if not self.recent or not self.recent[0].even:
            return [*self.recent]
        oldest, *others = self.recent
        names = map(name_of, oldest.lines[0][:_STEP])
        begin = next((i for i, name in enumerate(names) if name == self.seam), 0)
        return [oldest.part(begin, len(oldest)), *others]

    def _trace(self, i: int, file: File, size: int, recent: list[_Chunk]) -> Trace:
        context = [(chunk.numbers[i], chunk.lines[i]) for chunk in (*self.header, *recent)]
        context.append((file.numbers[:size], file.lines[:size]))
        lines = [one for numbers, texts in context for one in zip(numbers, texts, strict=True)]
        if file.gone:
            begin = next((n for chunk in recent for n in chunk.numbers[i]), self._numbers()[file.side])
            end = max((n for chunk in self.header for n in chunk.numbers[i]), default=0)
            lines += [one for one in (*file.behind, *file.aside(size)) if one[0] >= begin]
            lines += [one for one in file.front if one[0] < min(end, begin)]
            lines.sort()
        return file.trace([n for n, _ in lines], [line for _, line in lines])

    def _noted(self, diff: Diff, note: str) -> Diff:
        """With what was found before, and what the beginnings of the files say: a part of a sealed file is sealed.

        There is no verdict on files of which one is not whole, even where it is not read to its end.
        """
        cut = [Trace((), str(path), skipped=_verify(path)) for path in self.paths]
        for side, lines in zip(_SIDES, apart(*cut), strict=True):
            self.found.unread[side] += lines
        for file in self.files:
            for quantity, more in file.more.items():
                self.found.alone_too(quantity, file.side, [], more)
        found = self.found.put_into(diff)
        heads = [_head(path) for path in self.paths]
        told = compare(heads[0], heads[1], self.catalogue).config
        sides = zip(("reference", "candidate"), heads, strict=True)
        sealed = tuple(f"the {side} is unsealed" for side, head in sides if head.sealed)
        notes = (*(n for n in found.notes if not n.startswith(sealed)), note)
        count = max(file.count for file in self.files)
        return replace(found, notes=notes, config=(*told, *found.config), lines=count)


def _lone(diff: Diff) -> tuple[set[int], set[int]]:
    """The lines of the records that are on one side only, for each side."""
    alone = [(one.side, {record.line for record in one.records}) for one in diff.missing]
    one, two = (set[int]().union(*(lines for s, lines in alone if s is side)) for side in _SIDES)
    return one, two


def _without_steps(numbers: list[int], lines: list[bytes], lone: set[int], step: int) -> tuple[list[int], list[bytes]]:
    """Lines without those of whole steps that are on one side only."""
    kept: list[tuple[int, bytes]] = []
    for alone, group in groupby(zip(numbers, lines, strict=True), lambda one: one[0] in lone):
        run = list(group)
        kept += run[len(run) - len(run) % step :] if alone and step else run
    return [n for n, _ in kept], [line for _, line in kept]


def _stopped(at: int, stays: bool) -> str:
    """The note on a search that ends with a window that begins with this line."""
    if stays:
        return f"read up to trace line {at}: what follows was not looked at"
    said = f"the two do not run in step again within {SIZES[-1]} lines, and were not looked at"
    return f"read up to trace line {at}: behind it {said}"


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
