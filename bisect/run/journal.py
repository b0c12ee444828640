"""The journal of a search: one JSON line per event, on disk before and after each probe; only ever appended to.

Killed at any moment, a search goes on from here: what ended is known, what had only begun is tried again. A last
line that was torn by a crash is dropped (and said); anything else that cannot be read is refused, not guessed.
"""

from __future__ import annotations

import datetime
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...tracer.errors import FirstbadError
from ..verdict import Kind, Verdict
from .locks import Lock

Event = dict[str, Any]
FORMAT = 2  # since 2 a search has an axis, and a point may be a set; 1 knows commits only


class Journal:
    """An open journal. Its events so far are `events`; `runs` is where the probes' output is kept."""

    def __init__(self, path: Path, events: list[Event], torn: bool = False) -> None:
        self.path, self.events, self.torn = path, events, torn
        self._lock = Lock(path.with_name(path.name + ".lock"))
        self._fd: int | None = None

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any]) -> Journal:
        """Start a new one whose first event says what is searched; FirstbadError where it exists already."""
        if path.exists():
            raise FirstbadError(
                f"the journal {path} exists already",
                remedy="Resume it, or give another file",
                slug="journal-exists",
            )
        journal = cls(path, [])
        journal._open()
        journal.append("search", format=FORMAT, **header)
        return journal

    @classmethod
    def resume(cls, path: Path) -> Journal:
        """Open an existing one to go on; the torn end of its last line is cut off."""
        journal = cls.read(path)
        journal._open()
        if journal.torn and journal._fd is not None:
            os.ftruncate(journal._fd, _whole(path.read_bytes()))
            journal.append("torn", why="the last line was cut by a crash; what it said is tried again")
        return journal

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Look at one, also while its search is running; nothing is written."""
        try:
            data = path.read_bytes()
        except OSError as exc:
            raise FirstbadError(
                f"the journal {path} cannot be read: {exc.strerror}",
                remedy="`firstbad bisect log` lists the journals there are",
                slug="journal-missing",
            ) from None
        whole = _whole(data)
        return cls(path, list(_events(path, data[:whole])), torn=whole < len(data))

    @property
    def header(self) -> Event:
        """The first event: what is searched."""
        return self.events[0]

    @property
    def runs(self) -> Path:
        """The folder in which each probe's output is kept."""
        return self.path.with_name(f"{self.path.stem}-runs")

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._lock.take():
                raise FirstbadError(
                    f"another search (process {self._lock.holder()}) is writing {self.path}",
                    remedy="Wait for it, end it, or start a search of your own",
                    slug="journal-busy",
                )
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise _unwritable(self.path, exc) from None

    def append(self, event: str, **facts: Any) -> Event:
        """Write one event and wait until it is on disk. A line that does not fit is taken back whole."""
        assert self._fd is not None, "a journal opened by read() is not written"
        said: Event = {"event": event, "at": _now(), **facts}
        line = json.dumps(plain(said), allow_nan=False).encode() + b"\n"
        size = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, line)
            if written < len(line):
                os.ftruncate(self._fd, size)
                raise OSError(28, os.strerror(28))
            os.fsync(self._fd)
        except OSError as exc:
            raise _unwritable(self.path, exc) from None
        self.events.append(said)
        return said

    def is_held(self) -> bool:
        """Whether a living search writes it now."""
        probe = Lock(self._lock.path)
        if not probe.path.exists():
            return False
        free = probe.take()
        probe.drop()
        return not free

    def close(self) -> None:
        """Let others write it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        self._lock.drop(remove=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unwritable(path: Path, exc: OSError) -> FirstbadError:
    if exc.errno in (28, 122):
        return FirstbadError(
            f"the disk that holds {path} is full",
            remedy="Free some space, then resume: everything probed so far is kept",
            slug="disk-full",
        )
    return FirstbadError(
        f"the journal {path} cannot be written: {exc.strerror or exc}",
        remedy="Give a place that can, with FIRSTBAD_HOME or --journal",
        slug="journal-unwritable",
    )


def _whole(data: bytes) -> int:
    """How many bytes of it are whole lines; a last line without its newline was torn."""
    return data.rfind(b"\n") + 1


def _events(path: Path, data: bytes) -> Iterator[Event]:
    lines = data.splitlines()
    if not lines:
        raise _foreign(path, "holds no event: it is no journal, or its search died before the first")
    for number, line in enumerate(lines, 1):
        try:
            event: Event = dict(json.loads(line))
            event["event"]
        except (ValueError, TypeError, KeyError):
            if number == 1:
                raise _foreign(path, "is no journal of a search") from None
            raise FirstbadError(
                f"line {number} of {path} is no event of a search",
                remedy="Restore the journal from a copy, or start the search anew (its results are still cached)",
                slug="journal-damaged",
            ) from None
        if number == 1:
            _refuse_foreign(path, event)
        yield event


def _refuse_foreign(path: Path, first: Event) -> None:
    """The first event says what is searched, and which version of us wrote it."""
    form = first.get("format")
    if first["event"] != "search" or not isinstance(form, int):
        raise _foreign(path, "is no journal of a search")
    if form > FORMAT:
        raise FirstbadError(
            f"{path} was written by a newer firstbad (its format is {form}, this one reads up to {FORMAT})",
            remedy="Read it with that version, or upgrade this one",
            slug="journal-newer",
        )


def _foreign(path: Path, what: str) -> FirstbadError:
    return FirstbadError(
        f"{path} {what}",
        remedy="`firstbad bisect log` lists the journals there are",
        slug="journal-foreign",
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def plain(value: Any) -> Any:
    """Data that strict JSON can hold: a number that is not finite becomes the word for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def verdict_as_dict(verdict: Verdict) -> Event:
    """A verdict as plain data."""
    said = {name: getattr(verdict, name) for name in ("reason", "signature", "artefacts")}
    return {"kind": str(verdict.kind), **said, "measure": dict(verdict.measure)}


def verdict_from_dict(data: Mapping[str, Any]) -> Verdict:
    """The verdict that `verdict_as_dict` wrote; a number may come back from its word."""
    measure = MappingProxyType({k: float(v) for k, v in dict(data["measure"]).items()})
    return Verdict(Kind(data["kind"]), data["reason"], data["signature"], measure, data["artefacts"])


def result_as_dict(result: Any) -> Event:
    """One of the five results as plain data, its type under "result"."""
    return {"result": type(result).__name__, **asdict(result)}
