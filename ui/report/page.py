"""The HTML file: one template, its style and its scripts, and the data as JSON that no page can be broken out of."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...tracer.errors import FirstbadError
from ..output import plain

FORMAT = "firstbad-report 1"
MARK = f"<!doctype html>\n<!-- {FORMAT} -->\n"
"""How our files begin: nothing else is ever overwritten."""
SCRIPTS = ("base.js", "values.js", "cards.js", "lists.js", "graph.js", "table.js", "stores.js", "main.js")


def write_page(path: Path, data: dict[str, Any]) -> None:
    """Write the report of `data` to `path`, in place of an older report; FirstbadError where that cannot be."""
    check_writable(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page(data).encode("utf-8", "replace"))
    except OSError as problem:
        raise _unwritable(path, problem.strerror or str(problem)) from None


def check_writable(path: Path, reads: Sequence[Path] = ()) -> None:
    """Refuse a place where no report can be, or that the command `reads`: found out before the work, not after it."""
    try:
        ours = not path.exists() or (path.is_file() and path.read_bytes()[: len(MARK)] == MARK.encode())
    except OSError as problem:
        raise _unwritable(path, problem.strerror or str(problem)) from None
    if not ours or any(path.absolute() == other.absolute() for other in reads):
        raise FirstbadError(
            f"{path} exists already and is no report of ours", remedy="name another file", slug="exists"
        )
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        raise _unwritable(path, f"{folder} is no folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, "you may not write there")


def page(data: dict[str, Any]) -> str:
    """The whole file as text; equal data give equal bytes."""
    verdict = data["verdict"]
    parts = {
        "TITLE": html.escape(f"{verdict['first']}{verdict['rest']}"),
        "STYLE": _own("colours.css") + _own("style.css"),
        "DATA": embedded({"format": FORMAT, **data}),
        "SCRIPT": "".join(_own(name) for name in SCRIPTS),
    }
    return MARK + re.sub("@(TITLE|STYLE|DATA|SCRIPT)@", lambda match: parts[match[1]], _own("page.html"))


def embedded(data: dict[str, Any]) -> str:
    """JSON for inside a script element: pure ASCII, and without the three characters that HTML might see."""
    text = json.dumps(plain(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _own(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _unwritable(path: Path, why: str) -> FirstbadError:
    return FirstbadError(
        f"the report {path} cannot be written: {why}",
        remedy="name another file with --html",
        slug="report-unwritable",
    )
