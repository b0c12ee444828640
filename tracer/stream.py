"""Long traces in bounded memory: columns by the block, and a comparison that stops at the first origin.

`columns(path)` reads at the speed of `float`; `compare_files(a, b)` compares lines as bytes, parses those
that differ, and judges a window around the first that differs by more than rounding might (diff.py), so
that it takes as long as the way to the first origin. Files that fit in memory are compared whole.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from operator import methodcaller
from pathlib import Path

from .catalogue import Catalogue
from .diff import Diff, compare
from .model import Manifest, Record, Trace
from .text import Reader, check_path, parse_bytes, read
from .tolerance import Limits

BLOCK = 1 << 16
WHOLE = 8 << 20
"""Files up to this many bytes are compared whole."""
HEADER = 600
WINDOW = 1200
AHEAD = 400
_SAME = 8
_LONGEST = 200
_BLANKS = methodcaller("count", b" ")
_NO_RECORD = (b"TRACE_OPEN:", b"TRACE_SEAL:", b"TRACE_INPUT:")
_CLOSE = 1e-9
"""Lines whose numbers differ relatively by less are not worth a window."""


@dataclass(slots=True)
class Columns:
    """One block of a trace: for each quantity its numbers one after the other, `width` of them to a record."""

    numbers: dict[str, array[float]] = field(default_factory=dict[str, "array[float]"])
    width: dict[str, int] = field(default_factory=dict[str, int])
    others: list[Record] = field(default_factory=list[Record])
    """Records that are no plain `TRACE_X: name v v v`."""
    lines: int = 0


def blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The file in pieces of about `size` bytes that end at a line's end."""
    rest = b""
    with path.open("rb") as stream:
        while piece := stream.read(size):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield rest + piece[:cut]
                rest = piece[cut:]
            else:
                rest += piece
    if rest:
        yield rest


def columns(path: Path | str, size: int = BLOCK) -> Iterator[Columns]:
    """The trace block by block; FirstbadError as from `text.read`, the seal is checked at the end."""
    path = Path(path)
    check_path(path)
    reader = Reader(str(path))
    plain: dict[bytes, bool] = {}
    at = 0
    for block in blocks(path, size):
        yield _block(block, reader, plain, at)
        at += block.count(b"\n")
    reader.finish()


def _block(block: bytes, reader: Reader, plain: dict[bytes, bool], at: int) -> Columns:
    found: dict[bytes, list[bytes]] = {}
    slow: list[int] = []
    lines = block.split(b"\n")
    if _steered(block, lines.pop()) or not _all_trace(block, len(lines)):
        return _slowly(block, reader, at)
    reader.seal.block(block, len(lines), at + 1)
    found, slow = _grouped(block, lines, plain)
    result = Columns(lines=len(lines))
    for name, values in found.items():
        if not _number(name, values, result):  # braces, a word, a matrix: rare, so the lines are looked up again
            slow.extend(i for i, line in enumerate(lines) if line.split(b" ", 2)[1:2] == [name])
    for index in sorted(slow):
        result.others.extend(reader.line(at + index + 1, lines[index].decode("utf-8", "replace")))
    return result


def _grouped(block: bytes, lines: list[bytes], plain: dict[bytes, bool]) -> tuple[dict[bytes, list[bytes]], list[int]]:
    """What follows the names, by name, and the indices of lines that are not of the form `TRACE_X: name v v v`."""
    found = _periodic(lines, plain)
    slow: list[int] = []
    if found is not None:
        return found, slow
    found = defaultdict[bytes, list[bytes]](list)
    head = lines[0].partition(b" ")[0] + b" "
    if (plain.get(head) or _is_plain(head, plain)) and block.count(b"\n" + head) == len(lines) - 1:
        start = len(head)  # one prefix all through: the usual case, and the fast one
        for line in lines:
            name, _, values = line[start:].partition(b" ")
            found[name].append(values)
        return found, slow
    for index, line in enumerate(lines):
        parts = line.split(b" ", 2)
        if len(parts) == 3 and (plain.get(parts[0] + b" ") or _is_plain(parts[0] + b" ", plain)):
            found[parts[1]].append(parts[2])
        else:
            slow.append(index)
    return found, slow


def _periodic(lines: list[bytes], plain: dict[bytes, bool]) -> dict[bytes, list[bytes]] | None:
    """The same where a loop repeats its names in order, without a step per line; None where it does not."""
    first = b" ".join(lines[0].split(b" ", 2)[:2]) + b" "
    period = next((i for i, line in enumerate(lines[1:_LONGEST], 1) if line.startswith(first)), 0)
    if not period:
        return None
    found: dict[bytes, list[bytes]] = {}
    for index in range(period):
        head, _, name = lines[index].partition(b" ")
        name = name.partition(b" ")[0]
        group = lines[index::period]
        begin = head + b" " + name + b" "
        text = b"\n".join(group)
        if name in found or not text.startswith(begin):
            return None
        if not (plain.get(head + b" ") or _is_plain(head + b" ", plain)):
            return None
        values = text[len(begin) :].split(b"\n" + begin)
        if len(values) != len(group):
            return None
        found[name] = values
    return found


def _steered(block: bytes, last: bytes) -> bool:
    """Whether the block opens or seals a trace, or is cut before its `last` newline."""
    return _controlled(block) or bool(last)


def _controlled(block: bytes) -> bool:
    return b"TRACE_OPEN:" in block or b"TRACE_SEAL:" in block


def _all_trace(block: bytes, lines: int) -> bool:
    """Whether every line begins with TRACE and ends with a bare newline (then the block is what the seal sums)."""
    return block.startswith(b"TRACE") and block.count(b"\nTRACE") == lines - 1 and b"\r" not in block


def _is_plain(prefix: bytes, plain: dict[bytes, bool]) -> bool:
    good = prefix.startswith(b"TRACE") and prefix.endswith(b": ") and prefix[:-2].replace(b"_", b"").isalnum()
    plain[prefix] = good
    return good


def _number(name: bytes, values: list[bytes], result: Columns) -> bool:
    """Put the values of one name into its column; False where they are not all numbers or not all alike."""
    text = name.decode("utf-8", "replace")
    if any(char in text for char in "={}[]():,"):
        return False
    joined = b" ".join(values)
    if b"_" in joined:
        return False  # float() takes 1_0 for a number, the reader does not
    tokens = joined.split()
    width, left = divmod(len(tokens), len(values))
    if left or len(set(map(_BLANKS, values))) > 1:
        return False
    try:
        column = array("d", map(float, tokens))
    except ValueError:
        return False
    result.numbers[text], result.width[text] = column, width
    return True


def _slowly(block: bytes, reader: Reader, at: int) -> Columns:
    """A block with noise, a seal or other dialects in it: record by record."""
    lines = block.splitlines(keepends=True)
    result = Columns(lines=len(lines))
    for record in reader.records(lines, at + 1):
        numbers = record.numbers
        same = result.width.get(record.quantity, len(numbers)) == len(numbers) == len(record.values)
        if record.scope or record.labels or not same or not numbers:
            result.others.append(record)
            continue
        result.width[record.quantity] = len(numbers)
        result.numbers.setdefault(record.quantity, array("d")).extend(numbers)
    return result


# ---- comparison ---------------------------------------------------------------------------------------------


def compare_files(
    reference: Path | str, candidate: Path | str, catalogue: Catalogue | None = None, limits: Limits | None = None
) -> Diff:
    """Compare two trace files. Above WHOLE bytes memory stays bounded and reading stops at the first origin.

    Such a diff holds the window around it (and the set-up lines), and says so in its notes.
    """
    paths = Path(reference), Path(candidate)
    for path in paths:
        check_path(path)
    if max(path.stat().st_size for path in paths) <= WHOLE:
        return compare(read(paths[0]), read(paths[1]), catalogue, limits)
    return _Lockstep(paths, catalogue, limits).run()


def _trace_lines(path: Path) -> Iterator[list[bytes]]:
    for block in blocks(path):
        lines = block.split(b"\n")
        last = lines.pop()
        if not _steered(block, last) and _all_trace(block, len(lines)):
            yield lines
            continue
        lines += [last] if last else []
        kept = [line for line in lines if b"TRACE" in line and not any(word in line for word in _NO_RECORD)]
        if kept:
            yield kept


class _Lockstep:
    """Two files, line by line; keeps the set-up lines and the last few thousand of each side."""

    def __init__(self, paths: tuple[Path, Path], catalogue: Catalogue | None, limits: Limits | None) -> None:
        self.paths, self.catalogue, self.limits = paths, catalogue, limits
        self.lines: tuple[list[bytes], list[bytes]] = ([], [])
        self.header: tuple[list[bytes], list[bytes]] = ([], [])
        self.recent: tuple[deque[bytes], deque[bytes]] = (deque(maxlen=WINDOW), deque(maxlen=WINDOW))
        self.known: set[bytes] = set()
        self.at = 0
        self.last: Diff | None = None

    def run(self) -> Diff:
        """Until an origin, a flipped decision or a one-sided record; else the diff of the last window."""
        sources = [_trace_lines(path) for path in self.paths]
        a, b = self.lines
        while self._fill(sources, 1):
            count = min(len(a), len(b)) or max(len(a), len(b))
            at = self._first(a[:count], b[:count])
            self._keep(count if at is None else at)
            if at is None:
                continue
            self._fill(sources, AHEAD)
            diff = self._judge(self._even(a[:AHEAD], b[:AHEAD]))
            if not diff.agree or diff.missing:
                self._verify()
                return self._noted(diff, f"read up to trace line {self.at}: what follows was not looked at")
            self.last = diff
            self.known.update(finding.reference.quantity.encode() for finding in diff.healed)
            self._keep(AHEAD)
        self._verify()
        said = f"compared line by line, {self.at} trace lines; shown are the set-up and the last of them"
        return self._noted(self.last or self._judge(([], [])), said)

    def _verify(self) -> None:
        """No verdict on files of which one is not whole, even where it is not read to its end."""
        for path in self.paths:
            _verify(path)

    def _fill(self, sources: list[Iterator[list[bytes]]], least: int) -> bool:
        """Read until each side has `least` lines or ends; False where neither has any left."""
        for lines, source in zip(self.lines, sources, strict=True):
            while len(lines) < least and (more := next(source, None)) is not None:
                lines.extend(more)
        return bool(self.lines[0] or self.lines[1])

    def _first(self, a: list[bytes], b: list[bytes]) -> int | None:
        """Index of the first pair of lines that needs a judge."""
        if a == b:
            return None
        pairs = enumerate(zip_longest(a, b, fillvalue=b""))
        return next((index for index, (x, y) in pairs if x != y and not self._close(x, y)), None)

    def _even(self, a: list[bytes], b: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Both windows cut where they end with the same lines: a record dropped before makes the last ones lonely."""
        if len(a) < AHEAD and len(b) < AHEAD:
            return a, b
        for cut in range(AHEAD // 4):
            for x, y in ((a[: len(a) - cut], b), (a, b[: len(b) - cut])):
                if all(p == q or self._close(p, q) for p, q in zip(x[-_SAME:], y[-_SAME:], strict=False)):
                    return x, y
        return a, b

    def _keep(self, count: int) -> None:
        """Move lines from what is to be compared to what was."""
        self.at += min(count, max(len(self.lines[0]), len(self.lines[1])))
        for lines, header, recent in zip(self.lines, self.header, self.recent, strict=True):
            room = max(HEADER - len(header), 0)
            header.extend(lines[: min(room, count)])
            recent.extend(lines[min(room, count) : count])
            del lines[:count]

    def _close(self, x: bytes, y: bytes) -> bool:
        """Whether two lines say the same to nine digits, or differ in a quantity whose difference is known to heal."""
        p, q = x.split(), y.split()
        if len(p) != len(q) or len(p) < 3 or p[1] != q[1]:
            return False
        if p[1] in self.known:
            return True
        try:
            one, two = [float(t) for t in p[2:]], [float(t) for t in q[2:]]
        except ValueError:
            return p[2:] == q[2:]
        scale = max(map(abs, one), default=0.0)
        rows = zip(p[2:], q[2:], one, two, strict=True)
        return all(s == t or (abs(m - n) <= _CLOSE * scale and not (_whole(s) and _whole(t))) for s, t, m, n in rows)

    def _judge(self, rest: tuple[list[bytes], list[bytes]]) -> Diff:
        sides = zip(self.header, self.recent, rest, self.paths, strict=True)
        traces = [parse_bytes(b"\n".join((*h, *r, *more, b"")), str(path)) for h, r, more, path in sides]
        return compare(traces[0], traces[1], self.catalogue, self.limits)

    def _noted(self, diff: Diff, note: str) -> Diff:
        """With the note, and with what the beginnings of the files say; a part of a sealed file is no unsealed log."""
        heads = [_head(path) for path in self.paths]
        told = compare(heads[0], heads[1], self.catalogue).config
        sides = zip(("reference", "candidate"), heads, strict=True)
        sealed = tuple(f"the {side} is unsealed" for side, head in sides if head.sealed)
        notes = (*(n for n in diff.notes if not n.startswith(sealed)), note)
        return replace(diff, notes=notes, config=(*told, *diff.config))


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


def _verify(path: Path) -> None:
    """Check the seal of a file; no number is parsed for that."""
    reader = Reader(str(path))
    at = 0
    for block in blocks(path):
        count = block.count(b"\n")
        if block.endswith(b"\n") and not _controlled(block) and _all_trace(block, count):
            reader.seal.block(block, count, at + 1)
        else:
            for _ in reader.records(block.splitlines(keepends=True), at + 1):
                pass
        at += count
    reader.finish()
