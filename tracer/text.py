"""Read traces: TRACE lines of every dialect (dialects.py) out of the noise around them; check the seal where
there is one.

`read(path)` and `parse(lines, name)` give a Trace; `records(lines)` yields record by record for one who
wants to stop early. A sealed trace that was cut, doubled or swapped is refused; a foreign log that was cut
in its last line loses that line, visibly (`Trace.skipped`), rather than gaining a number that never was.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from .dialects import NoRecord, Said, heading_of, is_number, parse_body
from .errors import FirstbadError
from .model import Input, Manifest, Record, Scope, Setup, Skipped, Trace, Value
from .numerals import beyond
from .pipes import kept

_MARK = re.compile(r"(TRACE\w*)[\])>]?(?=[:\s]|\Z)")
"""The prefix, also that of `[TRACE] name v`: what stands before the word is not part of the line any more."""
_COLOURS = re.compile(r"\x1b\[[\d;:]*m")
_AGAIN = re.compile(r"(?<=[\s\d\])])TRACE\w*:")
_SIMPLE = re.compile(r"(TRACE\w*): ([^\s=:{}\[\](),]+) ([-+0-9.eE ]+)\Z")
_SEAL = re.compile(r"TRACE_SEAL: (?:open=([0-9a-fA-F]{8}) )?records=(\d+) crc32=([0-9a-fA-F]{8})")
_INPUT = re.compile(r"TRACE_INPUT: bytes=(\d+) crc32=([0-9a-fA-F]{8}) file=(\S+)")
CUT = "the file ends in this line, without a newline: its last number may be cut"
_HEAD = 4096
_PLAIN, _LONG = 2000, 400
"""How many lines without TRACE are kept, and how long one may be."""
_EXACT = 2.0**53
"""From here on doubles are more than one apart, or may be."""


def read(path: Path | str) -> Trace:
    """The trace in a file; FirstbadError where there is no file, no text or no trace in it."""
    check_path(Path(path))
    return replace(parse_bytes(kept(Path(path)).read_bytes(), str(path)), folder=str(Path(path).parent))


def parse(lines: Iterable[str] | str, name: str = "") -> Trace:
    """The trace in lines of text (or one text); every line but the last is taken as complete."""
    text = lines if isinstance(lines, str) else "".join(f"{line.rstrip(chr(10))}\n" for line in lines)
    return parse_bytes(text.encode("utf-8", "surrogateescape"), name)


def parse_bytes(data: bytes, name: str = "") -> Trace:
    """The trace in the bytes of a file, in whatever encoding its names are."""
    reader = Reader(name)
    found = list(reader.records(data.splitlines(keepends=True)))
    manifest = reader.finish()
    if not found and manifest is None:
        _refuse_no_trace(name, data)
    return Trace(tuple(found), name, manifest, tuple(reader.skipped), tuple(reader.plain), tuple(reader.inputs))


def heard(lines: Iterable[str]) -> Setup:
    """What a run says outside its records, from the lines that it printed."""
    reader = Reader()
    for _ in reader.records(f"{line}\n".encode("utf-8", "surrogateescape") for line in lines):
        pass
    return Setup(tuple(reader.plain), tuple(reader.inputs))


def records(lines: Iterable[bytes], name: str = "") -> Iterator[Record]:
    """The records of an open file, one by one; the seal is checked after the last one was taken."""
    reader = Reader(name)
    yield from reader.records(lines)
    reader.finish()


def check_path(path: Path) -> None:
    """Refuse what cannot hold a trace: nothing there, a directory, an empty or a binary file."""
    if path.is_dir():
        store = (path / "zarr.json").is_file()
        raise FirstbadError(
            f"{path} is a store of many pixels, not the trace of one" if store else f"{path} is a directory",
            remedy="Trace one pixel in text: firstbad trace SIDE --pixel S,F."
            if store
            else "Name the file that holds the trace.",
            slug="trace-is-directory",
        )
    try:
        with kept(path).open("rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError:
        raise FirstbadError(
            f"{path} does not exist",
            remedy="Check the name, or record the trace first.",
            slug="trace-missing",
        ) from None
    except OSError as error:
        raise FirstbadError(
            f"{path} cannot be read: {error.strerror or error}",
            remedy="Check its rights.",
            slug="trace-unreadable",
        ) from None
    if not head:
        raise FirstbadError(
            f"{path} is empty",
            remedy="The program printed nothing: look at its error output.",
            slug="trace-empty",
        )
    if b"\0" in head:
        raise FirstbadError(
            f"{path} is binary, not a trace",
            remedy="Give the program's printed output (as UTF-8), not an image or an archive.",
            slug="trace-binary",
        )


def _refuse_no_trace(name: str, data: bytes) -> None:
    where = name or "this text"
    if b"TRACE" in data:
        raise FirstbadError(
            f"{where} has lines with TRACE, but none with a name and a value",
            remedy="See docs/trace-format.md: it shows what a record looks like.",
            slug="trace-no-record",
        )
    raise FirstbadError(
        f"{where} has no TRACE line",
        remedy="Run the program with tracing on (for nanoBragg -trace_pixel SLOW FAST) and keep its standard output.",
        slug="trace-no-line",
    )


class Reader:
    """Takes lines, gives records; knows the section, the occurrence counts and the seal so far."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.skipped: list[Skipped] = []
        self.plain: list[str] = []
        self.inputs: list[Input] = []
        self._sections: dict[str, str] = {}
        self._counts: dict[tuple[str, Scope], int] = {}
        self.seal = Seal(name)

    def records(self, lines: Iterable[bytes], first: int = 1) -> Iterator[Record]:
        """Every record of `lines`, the first of which is line `first`; only the last may lack its newline."""
        for number, raw in enumerate(lines, first):
            at = raw.find(b"TRACE")
            if at >= 0:
                line = raw[at:]
                cut = not line.endswith(b"\n")
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if not self.seal.control(text, line, number, cut=cut):
                    yield from self.line(number, text, cut=cut)
            elif len(self.plain) < _PLAIN and raw.endswith(b"\n"):
                self._keep(raw)

    def _keep(self, raw: bytes) -> None:
        if len(raw) < _LONG and not raw.endswith(b"% done\n"):
            self.plain.append(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def finish(self) -> Manifest | None:
        """The manifest, after the last line; FirstbadError where the trace was opened and is not whole."""
        return self.seal.finish()

    def line(self, number: int, text: str, *, cut: bool = False) -> Iterator[Record]:
        """The records of one line, from TRACE on, that the seal has already seen (with the colours of a terminal)."""
        if "\x1b" in text:
            text = _COLOURS.sub("", text)
        if cut and not self.seal.sealed:
            self.skipped.append(Skipped(number, text, CUT))
            return
        if text.startswith("TRACE_INPUT:"):
            self._input(number, text)
            return
        simple = _SIMPLE.match(text)
        if simple:
            tokens = tuple(simple[3].split())
            try:
                values = tuple(map(float, tokens))
            except ValueError:
                pass
            else:
                if max(map(abs, values), default=0.0) >= _EXACT or (0.0 in values and _may_vanish(simple[3])):
                    values = tuple(map(_number, tokens))
                shape = () if len(values) == 1 else (len(values),)
                yield self._record(simple[1], number, simple[2], values, tokens, shape)
                return
        for piece in _pieces(text):
            yield from self._piece(number, piece)

    def _input(self, number: int, text: str) -> None:
        match = _INPUT.fullmatch(text)
        if match is None:
            self.skipped.append(Skipped(number, text, "it names no file with its size and CRC-32"))
        else:
            self.inputs.append(Input(_unquoted(match[3]), int(match[1]), int(match[2], 16)))

    def _piece(self, number: int, text: str) -> Iterator[Record]:
        mark = _MARK.search(text)
        if mark is None:
            self.skipped.append(Skipped(number, text, "TRACE is part of another word here"))
            return
        prefix, body = mark[1], text[mark.end() :].removeprefix(":")
        if not body[:1].isspace() and not text[mark.end() :].startswith(":"):
            body = body.lstrip()
        if body.strip() and not body[:2].isspace():
            self._sections.pop(prefix, None)
        try:
            said = parse_body(prefix, body, self._sections.get(prefix, ""))
        except NoRecord as none:
            self.skipped.append(Skipped(number, text, str(none)))
            said = []
        heading = heading_of(body)
        if heading and body.rstrip().endswith(":"):
            self._sections[prefix] = heading
        for one in said:
            yield self._said(prefix, number, one)

    def _said(self, prefix: str, number: int, one: Said) -> Record:
        values = tuple(value_of_token(token) for token in one.tokens)
        scope, source = _apart(one.scope)
        return self._record(
            prefix, number, one.name, values, one.tokens, one.shape, scope, one.unit, one.labels, source
        )

    def _record(
        self,
        prefix: str,
        number: int,
        name: str,
        values: tuple[Value, ...],
        tokens: tuple[str, ...],
        shape: tuple[int, ...],
        scope: Scope = (),
        unit: str = "",
        labels: tuple[str, ...] = (),
        source: str = "",
    ) -> Record:
        key = (name, scope)
        occurrence = self._counts.get(key, 0)
        self._counts[key] = occurrence + 1
        return Record(name, values, tokens, shape, scope, occurrence, unit, number, source, prefix, labels)


def _may_vanish(text: str) -> bool:
    """Whether a number in it may be too small for a double: none is, without an exponent or hundreds of digits."""
    return "e-" in text or "E-" in text or len(text) > _LONG // 2


def _apart(scope: Scope) -> tuple[Scope, str]:
    """The place in the loop nest, and the source line that `at=FILE:LINE` names: one quantity may come from several."""
    source = next((value for key, value in scope if key == "at"), "")
    return (tuple(pair for pair in scope if pair[0] != "at") if source else scope), source


def _pieces(text: str) -> list[str]:
    """A line, cut where a second TRACE begins behind a finished value (threads do that)."""
    starts = [0, *(match.start() for match in _AGAIN.finditer(text))]
    return [text[a:b].rstrip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True) if text[a:b].strip()]


def value_of_token(token: str) -> Value:
    """A number, or the word as it is."""
    if not is_number(token):
        return token
    lowered = token.lower().replace("d", "e") if "nan" not in token.lower() else "nan"
    return _number(lowered)


def _number(token: str) -> Value:
    """The number; a whole one that is too large for a double to tell from the next stays whole.

    What no double holds at all is a word.
    """
    value = float(token)
    if word := beyond(token, value):
        return word
    whole = _EXACT <= abs(value) < math.inf and token.lstrip("+-").isdigit() and len(token) < _LONG
    return int(token) if whole else value


class Seal:
    """The opening and closing line of a sealed trace, and the checks between them."""

    def __init__(self, name: str) -> None:
        self._name = name or "this trace"
        self._facts: dict[str, str] | None = None
        self._opened = 0
        self._records = self._crc = self._opening = 0
        self._manifest: Manifest | None = None
        self._before = 0

    @property
    def sealed(self) -> bool:
        """Whether a seal will still tell if a line was cut."""
        return self._facts is not None

    @property
    def facts(self) -> Mapping[str, str] | None:
        """What the opening line says; None where there was none so far."""
        return None if self._facts is None else MappingProxyType(self._facts)

    def control(self, text: str, line: bytes, number: int, *, cut: bool) -> bool:
        """Take one line into account; True where it opens or seals and so is no record."""
        if text.startswith("TRACE_OPEN:"):
            self._open(text, number)
            self._opening = zlib.crc32(line.rstrip(b"\r\n") + b"\n")
            return True
        if text.startswith("TRACE_SEAL:"):
            self._close(text, number)
            return True
        if self._manifest is not None:
            self._refuse(f"goes on after its seal, in line {number}", "doubled, or two runs wrote into one file")
        if self._facts is None:
            self._before += 1
        else:
            self._records += 1
            self._crc = zlib.crc32(line.rstrip(b"\r\n") + b"\n", self._crc)
        return False

    def block(self, block: bytes, lines: int, number: int) -> None:
        """Take many lines into account at once; each begins with TRACE, none opens or seals."""
        if self._manifest is not None:
            self._refuse(f"goes on after its seal, in line {number}", "doubled, or two runs wrote into one file")
        if self._facts is None:
            self._before += lines
        else:
            self._records += lines
            self._crc = zlib.crc32(block, self._crc)

    def finish(self) -> Manifest | None:
        """The manifest, or None for an unsealed log."""
        if self._facts is not None and self._manifest is None:
            self._refuse(f"was opened in line {self._opened} but never sealed", "cut: the program stopped early")
        return self._manifest

    def _open(self, text: str, number: int) -> None:
        if self._facts is not None:
            self._refuse(f"is opened a second time in line {number}", "doubled, or two runs wrote into one file")
        if self._before:
            self._refuse(f"has {self._before} TRACE lines before it is opened in line {number}", "put together wrongly")
        words = text.removeprefix("TRACE_OPEN:").split()
        if words[:2] != ["firstbad-trace", "1"]:
            raise FirstbadError(
                f"{self._name} was written in a format that this version does not know: {' '.join(words[:2])}",
                remedy="Read it with the version of firstbad that wrote it, or newer.",
                slug="trace-version",
            )
        pairs = (word.partition("=") for word in words[2:])
        self._facts = {key: _unquoted(value) for key, _, value in pairs}
        self._opened = number

    def _close(self, text: str, number: int) -> None:
        if self._facts is None:
            self._refuse(f"is sealed in line {number} but was never opened", "its beginning is missing")
        if self._manifest is not None:
            self._refuse(f"is sealed a second time in line {number}", "doubled")
        match = _SEAL.fullmatch(text.rstrip())
        if match is None:
            self._refuse(f"has a seal in line {number} that is not whole", "cut or damaged")
        assert match is not None
        if int(match[2]) != self._records:
            self._refuse(f"says {match[2]} records and has {self._records}", "cut, doubled or put together")
        if int(match[3], 16) != self._crc:
            self._refuse("does not add up to its checksum", "changed after it was written, or two were swapped")
        if match[1] is not None and int(match[1], 16) != self._opening:
            self._refuse("has an opening line that its seal does not know", "changed after it was written")
        self._manifest = Manifest(MappingProxyType(self._facts or {}), self._records, self._crc)

    def _refuse(self, what: str, why: str) -> None:
        raise FirstbadError(
            f"{self._name} {what}: it is {why}", remedy="Record the trace again.", slug="trace-broken-seal"
        )


def _unquoted(value: str) -> str:
    if "%" not in value:
        return value
    from urllib.parse import unquote

    return unquote(value)
