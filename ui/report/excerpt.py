"""Lines around a place in a file: of the log that holds a record, of the source that recorded it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...tracer.pipes import kept

AROUND = 3
_LONGEST = 400
_LARGEST = 16 << 20
_PLACE = re.compile(r"(.+):(\d+)\Z")


class Excerpts:
    """Reads each file once; None where there is no such file at hand, or no such line in it."""

    def __init__(self) -> None:
        self._lines: dict[Path, list[str] | None] = {}

    def around(self, path: Path, line: int) -> dict[str, Any] | None:
        """The lines from AROUND before to AROUND after `line` (from 1), with the number of the first."""
        lines = self._read(path)
        if lines is None or not 1 <= line <= len(lines):
            return None
        first = max(1, line - AROUND)
        shown = [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in lines[first - 1 : line + AROUND]]
        return {"file": str(path), "line": line, "first": first, "text": shown}

    def source(self, place: str, folders: Iterable[str]) -> dict[str, Any] | None:
        """The lines around `FILE:LINE`, as it stands or in one of the folders; just the place without a file."""
        if not place:
            return None
        match = _PLACE.match(place)
        for folder in ("", *folders) if match else ():
            found = self.around(Path(folder, match[1]), int(match[2])) if match else None
            if found is not None:
                return {**found, "place": place}
        return {"place": place}

    def _read(self, path: Path) -> list[str] | None:
        if path not in self._lines:
            try:
                held = kept(path)
                small = held.is_file() and held.stat().st_size <= _LARGEST
                text = held.read_bytes().decode("utf-8", "replace") if small else None
            except (OSError, ValueError):
                text = None
            self._lines[path] = None if text is None else [line.rstrip("\r") for line in text.split("\n")]
        return self._lines[path]
