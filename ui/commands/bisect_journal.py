"""`firstbad bisect log|show|replay|table JOURNAL`: what a search did, and its answers again from what was kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...tracer.errors import FirstbadError
from ..output import SAME, console, say_json

if TYPE_CHECKING:
    from ...bisect.run.journal import Journal


def read_journal(verb: str, words: list[str], *, reference: str = "", as_json: bool) -> int:
    """Print the journal as a `git bisect log` (log; without a journal: list all), as a table (show), conclude anew
    from it (replay), or tell which commit moved which quantity (table).
    """
    from ...bisect.run.journal import Journal

    if verb == "log" and not words:
        return _list(as_json)
    if len(words) != 1:
        raise FirstbadError(
            f"`bisect {verb}` needs one journal", remedy=f"firstbad bisect {verb} JOURNAL", slug="usage"
        )
    book = Journal.read(Path(words[0]))
    if verb == "table":
        return _table(book, reference, as_json)
    return {"log": _log, "show": _show, "replay": _replay}[verb](book, as_json)


def _list(as_json: bool) -> int:
    from dataclasses import asdict

    from ...bisect.run.shelf import firstbad_home
    from ...bisect.run.story import searches

    found = searches(firstbad_home())
    if as_json:
        say_json({"searches": [asdict(one) for one in found]})
        return SAME
    from ..render_bisect import searches_table

    searches_table(console(), found)
    return SAME


def _log(book: Journal, as_json: bool) -> int:
    """The answers in the form that `git bisect replay` reads."""
    from ...bisect.run.gitlog import bisect_log

    text = bisect_log(book)
    if as_json:
        say_json({"log": text.splitlines()})
    else:
        print(text, end="")
    return SAME


def _show(book: Journal, as_json: bool) -> int:
    if as_json:
        say_json({"header": dict(book.header), "events": [dict(e) for e in book.events]})
        return SAME
    from ...bisect.run.story import replay
    from ..render_bisect import tried_table

    tried_table(console(), str(book.header.get("repository") or book.header["directory"]), replay(book))
    return SAME


def _replay(book: Journal, as_json: bool) -> int:
    """Conclude again from the kept answers; nothing is run."""
    from dataclasses import asdict

    from ...bisect.run.story import replay

    played = replay(book)
    result = played.result
    if as_json:
        told = {"result": type(result).__name__ if result else None, "detail": asdict(result) if result else None}
        say_json({**told, "left": played.left, "wanted": list(played.wanted)})
    elif result is None:
        print(f"not finished: {played.left} {played.among} left, next would be {', '.join(played.wanted) or 'an end'}")
    else:
        from ..render_bisect import result_lines

        result_lines(console(), result)
    return SAME


def _table(book: Journal, reference: str, as_json: bool) -> int:
    from dataclasses import asdict

    from ...bisect.run.traces import quantity_table

    table = quantity_table(book, Path(reference) if reference else None)
    if as_json:
        said = [{**asdict(row), "kind": type(row.result).__name__ if row.result else None} for row in table.rows]
        say_json({"commits": list(table.commits), "quantities": said, "untold": dict(table.untold)})
        return SAME
    from ..render_bisect import quantities_table

    quantities_table(console(), table)
    return SAME
