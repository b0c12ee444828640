"""Write traces in canonical form, byte for byte as trace.h does: `%.17g`, NaN as nan, sealed by count and CRC-32."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO, TypeAlias, cast

from .errors import FirstbadError
from .model import Input, Record, Scope, Trace
from .text import Reader

Numbers: TypeAlias = float | Sequence[float] | Sequence[Sequence[float]]
_BAD_NAME = re.compile(r"[\x00-\x20={}\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


_PLAIN = "".join(map(chr, range(33, 127))).replace("%", "")


def said_facts(facts: Mapping[str, object]) -> str:
    """`key=value key=value`; blanks, control characters and `%` of a value become `%XX`: the line can be split."""
    from urllib.parse import quote

    return " ".join(f"{key}={quote(str(value), safe=_PLAIN)}" for key, value in facts.items())


def input_of(path: Path | str, name: str = "") -> Input | None:
    """A file as a trace names it, by `name` or its path; None where it cannot be read, or only once (a pipe)."""
    try:
        with Path(path).open("rb") as stream:
            content = stream.read() if stream.seekable() else None
    except OSError:
        return None
    if content is None:
        return None
    return Input(name or str(path), len(content), zlib.crc32(content))


def said_input(one: Input) -> str:
    """`TRACE_INPUT: bytes=N crc32=XXXXXXXX file=NAME`."""
    from urllib.parse import quote_from_bytes

    name = quote_from_bytes(one.name.encode("utf-8", "surrogateescape"), safe=_PLAIN)
    return f"TRACE_INPUT: bytes={one.size} crc32={one.crc32:08x} file={name}"


def number(value: float | str, digits: int = 17) -> str:
    """One number as the format wants it; a whole number prints like C's %g. What no double holds (1e+400) is text."""
    if isinstance(value, str):
        return value
    value = float(value)
    return "nan" if math.isnan(value) else f"{value:.{digits}g}"


class Writer:
    """Writes one trace to `stream`. A `with` seals it at the end, unless an exception left it incomplete."""

    def __init__(self, stream: TextIO, prefix: str = "TRACE_PY", digits: int = 17) -> None:
        if not prefix.startswith("TRACE") or _BAD_NAME.search(prefix) or ":" in prefix:
            raise FirstbadError(
                f"{prefix!r} cannot begin a trace line",
                remedy="Use a word that begins with TRACE.",
                slug="trace-prefix",
            )
        self._stream, self._prefix, self._digits = stream, prefix, digits
        self._records = self._crc = self._opening = 0
        self._state = "new"

    def open(self, **facts: object) -> None:
        """The opening line with facts about the run; it must come before the first record."""
        if self._state != "new" or self._records:
            raise self._order("opened twice, or after its first record")
        line = f"TRACE_OPEN: firstbad-trace 1 {said_facts(facts)}".rstrip() + "\n"
        self._stream.write(line)
        self._opening, self._state = zlib.crc32(line.encode()), "open"

    def record(self, name: str, values: Numbers | str, scope: Scope | Mapping[str, object] = ()) -> None:
        """One value: a number, a vector, a matrix (3×3 as nested sequences), or a word."""
        pairs = scope.items() if isinstance(scope, Mapping) else scope
        braces = ",".join(f"{key}={value}" for key, value in pairs)
        said = self._said(values)
        line = f"{self._prefix}: {self._named(name)}{f'{{{braces}}}' if braces else ''}{' ' if said else ''}{said}"
        self._line(self._readable(line, values))

    def setting(self, name: str, values: Numbers | str) -> None:
        """A value that is set once in a run, in nanoBragg's own form: `PREFIX:name=v v v`."""
        self._line(self._readable(f"{self._prefix}:{self._named(name)}={self._said(values)}", values))

    def input(self, one: Input) -> None:
        """A file that the run reads (`input_of` measures it)."""
        self._line(said_input(one))

    def line(self, text: str) -> None:
        """Any other line that begins with TRACE; it counts for the seal."""
        if not text.startswith("TRACE") or "\n" in text:
            raise FirstbadError(
                "a trace line must begin with TRACE and be one line",
                remedy="Print other text directly.",
                slug="trace-line",
            )
        self._line(text)

    def seal(self) -> None:
        """The closing line. Without it a reader knows that the trace was cut."""
        if self._state != "open":
            raise self._order("sealed before it was opened, or twice")
        self._stream.write(f"TRACE_SEAL: open={self._opening:08x} records={self._records} crc32={self._crc:08x}\n")
        self._state = "sealed"

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._state == "open":
            self.seal()

    def _said(self, values: Numbers | str) -> str:
        if isinstance(values, str):
            return values
        if not isinstance(values, Iterable):
            return number(values, self._digits)
        parts = list(values)
        if parts and isinstance(parts[0], Iterable) and not isinstance(parts[0], str):
            rows = [" ".join(number(v, self._digits) for v in row) for row in parts if isinstance(row, Iterable)]
            return f"[{'; '.join(rows)}]"
        return " ".join(number(v, self._digits) for v in parts if isinstance(v, str) or not isinstance(v, Iterable))

    def _readable(self, line: str, values: Numbers | str) -> str:
        """The line of a word; FirstbadError `trace-word` where it says something else to a reader."""
        if not isinstance(values, str):
            return line
        told = [] if _CONTROL.search(values) else [record.values for record in Reader().line(1, line)]
        if told != [(values,)]:
            raise FirstbadError(
                f"the word {values!r} would not be read back from {line!r}",
                remedy="Use one word that begins with a letter, without blanks, '=' and ':'. A number is no word.",
                slug="trace-word",
            )
        return line

    def _named(self, name: str) -> str:
        if not name or _BAD_NAME.search(name):
            raise FirstbadError(
                f"{name!r} cannot name a quantity",
                remedy="Use a name without blanks, '=' and braces.",
                slug="trace-name",
            )
        return name

    def _line(self, text: str) -> None:
        if self._state == "sealed":
            raise self._order("written to after it was sealed")
        self._stream.write(text + "\n")
        self._records += 1
        self._crc = zlib.crc32(text.encode() + b"\n", self._crc)

    def _order(self, what: str) -> FirstbadError:
        return FirstbadError(f"the trace was {what}", remedy="Open, write, seal: in this order.", slug="trace-order")


def write(stream: TextIO, trace: Trace, digits: int = 17) -> None:
    """A whole trace in canonical form, sealed, with the facts that it was opened with."""
    facts = dict(trace.facts)
    prefix = next((r.prefix for r in trace if r.prefix), "TRACE_PY")
    with Writer(stream, prefix, digits) as writer:
        writer.open(**facts)
        for one in trace.inputs:
            writer.input(one)
        for record in trace:
            writer.record(record.quantity, _nested(record), record.scope)


def _nested(record: Record) -> Numbers | str:
    if len(record.values) == 1 and isinstance(record.values[0], str):
        return record.values[0]
    numbers = cast(tuple[float, ...], record.values)  # beside others, what no double holds stays as it was read
    if len(record.shape) == 2:
        width = record.shape[1]
        return [numbers[i : i + width] for i in range(0, len(numbers), width)]
    return numbers if record.shape else numbers[0]
