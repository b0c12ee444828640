"""Long traces in bounded memory: columns by the block, and a comparison that stops at the first origin.

`columns(path)` hands the numbers to a JSON parser, which is five times as fast as `float` and as exact;
`compare_files(a, b)` compares lines as bytes, parses those that differ, and judges a window around each that
differs by more than rounding might (lockstep.py), so that it takes as long as the way to the first origin.
Files that fit in memory are compared whole.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import methodcaller
from pathlib import Path

import orjson

from .catalogue import Catalogue
from .diff import Diff, compare
from .model import Record
from .numerals import beyond
from .pipes import kept
from .text import Reader, check_path, read
from .tolerance import Limits

BLOCK = 1 << 16
WHOLE = 8 << 20
"""Files up to this many bytes are compared whole."""
_LONGEST = 200
_BLANKS = methodcaller("count", b" ")
_JSON = b"0123456789+-.eE "
"""Of what a JSON number can consist."""


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
    with kept(path).open("rb") as stream:
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
    if steered(block, lines.pop()) or not all_trace(block, len(lines)):
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


def steered(block: bytes, last: bytes) -> bool:
    """Whether the block opens or seals a trace, or is cut before its `last` newline."""
    return controlled(block) or bool(last)


def controlled(block: bytes) -> bool:
    """Whether it opens or seals a trace."""
    return b"TRACE_OPEN:" in block or b"TRACE_SEAL:" in block


def all_trace(block: bytes, lines: int) -> bool:
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
    quick = _as_json(joined)
    column = _as_words(joined) if quick is None else quick
    if column is None or _any_beyond(joined, column):
        return False
    width, left = divmod(len(column), len(values))
    alike = (width == 1 and quick is not None) or len(set(map(_BLANKS, values))) == 1  # JSON has no empty value
    if left or not alike:
        return False
    result.numbers[text], result.width[text] = column, width
    return True


def _any_beyond(joined: bytes, column: array[float]) -> bool:
    """Whether a number is one that no double holds (`1e400`): to the reader of lines it is a word."""
    ends = (0.0, math.inf, -math.inf)
    if not any(end in column for end in ends):
        return False
    rows = zip(joined.split(), column, strict=True)
    return any(value in ends and beyond(token.decode(), value) for token, value in rows)


def _as_json(joined: bytes) -> array[float] | None:
    """Numbers with one blank between them; None where JSON writes one otherwise, or would read it otherwise."""
    if joined.translate(None, _JSON) or b"-0 " in joined + b" ":  # a bare -0 is an integer there, and loses its sign
        return None
    try:
        return array("d", orjson.loads(b"[" + joined.replace(b" ", b",") + b"]"))
    except orjson.JSONDecodeError:  # 1e999, +1, .5, 01, two blanks
        return None


def _as_words(joined: bytes) -> array[float] | None:
    """Numbers as Python reads them; None where one is a word."""
    if b"_" in joined:
        return None  # float() takes 1_0 for a number, the reader does not
    try:
        return array("d", map(float, joined.split()))
    except ValueError:
        return None


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
    if max(kept(path).stat().st_size for path in paths) <= WHOLE:
        return compare(read(paths[0]), read(paths[1]), catalogue, limits)
    from .lockstep import Lockstep

    return Lockstep(paths, catalogue, limits).run()
