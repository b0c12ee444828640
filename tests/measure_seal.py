"""Damaged traces: what was cut, dropped, doubled, swapped, changed or put together must be refused, or at least reported.

`text_damage`, `stream_damage` and `store_damage` give damaged copies of a sealed log, a binary stream and a store, each
with the kind of damage; `text_outcome`, `stream_outcome` and `store_outcome` say what became of one.
"""

from __future__ import annotations

import random
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from firstbad.tracer import stream
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Trace
from firstbad.tracer.store import open_store
from firstbad.tracer.store_compare import compare_stores
from firstbad.tracer.store_stream import read_stream
from firstbad.tracer.text import parse_bytes

Damage = tuple[str, bytes]
REFUSED, REPORTED, WHOLE, SILENT = "refused", "reported", "whole", "silent"
"""`whole`: every record and every fact of the run is there still, for the damage lies outside of the trace."""


# ---- text ----------------------------------------------------------------------------------------------------


def text_damage(log: bytes, chance: random.Random, every: int = 1) -> Iterator[Damage]:
    """A log cut at every byte (or every so many-th), and each of its TRACE lines dropped, doubled, swapped, changed."""
    for length in range(0, len(log), every):
        yield "cut at any byte", log[:length]
    lines = log.splitlines(keepends=True)
    traced = [index for index, line in enumerate(lines) if b"TRACE" in line]
    for at, after in zip(traced[::every], [*traced[1:], -1][::every], strict=True):
        yield "a line dropped", b"".join([*lines[:at], *lines[at + 1 :]])
        yield "a line doubled", b"".join([*lines[: at + 1], *lines[at:]])
        if after >= 0 and lines[at] != lines[after]:
            swapped = list(lines)
            swapped[at], swapped[after] = lines[after], lines[at]
            yield "two neighbours swapped", b"".join(swapped)
        kind = "a digit of the opening line changed" if b"TRACE_OPEN" in lines[at] else "a digit changed"
        digits = [m.start() for m in re.finditer(rb"\d", lines[at]) if m.start() >= lines[at].index(b"TRACE")]
        for place in digits if "opening" in kind else digits[:: max(1, len(digits) // 3)]:
            other = chance.choice([d for d in b"0123456789" if d != lines[at][place]])
            changed = lines[at][:place] + bytes([other]) + lines[at][place + 1 :]
            yield kind, b"".join([*lines[:at], changed, *lines[at + 1 :]])


def together(one: bytes, two: bytes, chance: random.Random) -> Iterator[Damage]:
    """Two runs in one file: one behind the other, or with their lines mixed."""
    yield "two runs in one file", one + two
    mixed, rest = list[bytes](), [one.splitlines(keepends=True), two.splitlines(keepends=True)]
    while rest[0] or rest[1]:
        side = rest[0] if rest[0] and (not rest[1] or chance.random() < 0.5) else rest[1]
        mixed.append(side.pop(0))
    yield "two runs in one file", b"".join(mixed)


def text_outcome(damaged: bytes, log: bytes, other: Trace, catalogue: Catalogue) -> str:
    """What the reader, and where it lets the log pass, the comparison with the other side says."""
    try:
        trace = parse_bytes(damaged)
    except FirstbadError:
        return REFUSED
    if _whole(damaged, log):
        return WHOLE
    before, after = (set(said(compare(side, other, catalogue))) for side in (parse_bytes(log), trace))
    return REPORTED if after - before else SILENT


def _whole(damaged: bytes, log: bytes) -> bool:
    one, two = parse_bytes(damaged), parse_bytes(log)
    return one.manifest == two.manifest and [r.tokens for r in one] == [r.tokens for r in two]


def said(found: object) -> Iterator[str]:
    """What a comparison says of the two runs, its numbers left out."""
    for setting in getattr(found, "config", ()):
        yield f"{setting.name}: {setting.reference} {setting.candidate}"
    yield from getattr(found, "notes", ())


def streamed_outcome(damaged: Path, other: Path, log: bytes) -> str:
    """What the comparison of long files says, which stops at the first origin (both count as long)."""
    before, stream.WHOLE = stream.WHOLE, 1
    try:
        stream.compare_files(damaged, other)
    except FirstbadError:
        return REFUSED
    finally:
        stream.WHOLE = before
    return WHOLE if _whole(damaged.read_bytes(), log) else SILENT


def exchanged(reference: Trace, candidate: Trace, catalogue: Catalogue) -> str:
    """What the comparison says of the two sides in the wrong order that it does not say of the right one."""
    right, wrong = compare(reference, candidate, catalogue), compare(candidate, reference, catalogue)
    return REPORTED if any("exchanged" in note for note in set(wrong.notes) - set(right.notes)) else SILENT


# ---- the binary stream ---------------------------------------------------------------------------------------


def stream_damage(data: bytes, chance: random.Random, every: int = 1) -> Iterator[Damage]:
    """A stream cut at every byte, with each byte changed, and with records dropped, doubled or swapped."""
    for length in range(0, len(data), every):
        yield "cut at any byte", data[:length]
    for at in range(0, len(data), every):
        other = (data[at] + chance.randrange(1, 256)) % 256
        yield "a byte changed", data[:at] + bytes([other]) + data[at + 1 :]
    head, records, tail = stream_parts(data)
    for at in range(0, len(records), every):
        yield "a record dropped", b"".join([head, *records[:at], *records[at + 1 :], tail])
        yield "a record doubled", b"".join([head, *records[: at + 1], *records[at:], tail])
        if at + 1 < len(records) and records[at] != records[at + 1]:
            swapped = [*records[:at], records[at + 1], records[at], *records[at + 2 :]]
            yield "two neighbours swapped", b"".join([head, *swapped, tail])
    yield "two runs in one file", data + data
    yield "two runs in one file", head + b"".join(records) + data


def stream_parts(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the records, the records, and the end marker with its sums (docs/trace-format.md)."""
    at = 24
    for _ in range(struct.unpack_from("<I", data, 20)[0]):
        at += 2 + struct.unpack_from("<H", data, at)[0]
    head, records = data[:at], list[bytes]()
    while True:
        _, _, quantity, count = struct.unpack_from("<IIHH", data, at)
        if quantity == 0xFFFF:
            return head, records, data[at:]
        size = 12 + 8 * count
        records.append(data[at : at + size])
        at += size


def stream_outcome(damaged: bytes, folder: Path) -> str:
    """What becomes of a damaged stream: it makes no store, or the damage goes unseen."""
    file, store = folder / "damaged.bin", folder / "damaged.zarr"
    file.write_bytes(damaged)
    shutil.rmtree(store, ignore_errors=True)
    try:
        read_stream(file, store)
    except FirstbadError:
        return REFUSED
    return SILENT


# ---- stores --------------------------------------------------------------------------------------------------


def store_damage(store: Path, target: Path, chance: random.Random, times: int) -> Iterator[str]:
    """Each file of a store removed, cut, exchanged with another, and some of its bytes changed: a copy at `target`."""
    files = sorted(path.relative_to(store) for path in store.rglob("*") if path.is_file())
    for file in files:
        data = (store / file).read_bytes()
        kind = "attributes" if file.name.endswith(".json") else "a tile"
        yield _damaged(store, target, file, None, f"{kind} removed")
        for _ in range(times):
            yield _damaged(store, target, file, data[: chance.randrange(len(data))], f"{kind} cut")
            yield _damaged(store, target, file, _changed(data, chance, kind), f"{kind} changed")
        other = chance.choice([f for f in files if f.name == file.name and f != file] or files)
        content = (store / other).read_bytes()
        if content != data:
            yield _damaged(store, target, file, content, f"{kind} exchanged with another")


def _changed(data: bytes, chance: random.Random, kind: str) -> bytes:
    """Another digit in a text, another byte in a tile."""
    places = [i for i, byte in enumerate(data) if 48 <= byte < 58] if kind == "attributes" else range(len(data))
    at = chance.choice(places)
    choices = range(48, 58) if kind == "attributes" else range(256)
    return data[:at] + bytes([chance.choice([b for b in choices if b != data[at]])]) + data[at + 1 :]


def _damaged(store: Path, target: Path, file: Path, content: bytes | None, kind: str) -> str:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(store, target)
    if content is None:
        (target / file).unlink()
    else:
        (target / file).write_bytes(content)
    return kind


def store_outcome(damaged: Path, other: Path) -> str:
    """What a comparison of the damaged store with a sound one says."""
    sound = open_store(other)
    try:
        store = open_store(damaged)
        compare_stores(store, sound)
    except FirstbadError:
        return REFUSED
    same = all(np.array_equal(store.read(n).view(np.uint64), sound.read(n).view(np.uint64)) for n in sound.names)
    return WHOLE if same and store.run == sound.run and store.facts == sound.facts else SILENT
