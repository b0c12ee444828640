"""`firstbad bisect log|show|replay JOURNAL`: what a search did, and its answer again from what was kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tracer.errors import FirstbadError
from ..output import SAME, console, say_json

if TYPE_CHECKING:
    from ...bisect.run.journal import Journal
    from ...bisect.run.probe import Probe


def read_journal(verb: str, words: list[str], *, as_json: bool) -> int:
    """Print the journal as a `git bisect log` (log), as a table (show), or conclude anew from it (replay)."""
    from ...bisect.run.journal import Journal

    if len(words) != 1:
        raise FirstbadError(
            f"`bisect {verb}` needs one journal", remedy=f"firstbad bisect {verb} JOURNAL", slug="usage"
        )
    book = Journal.read(Path(words[0]))
    return {"log": _log, "show": _show, "replay": _replay}[verb](book, as_json)


def what_was_asked(path: Path) -> tuple[Path, str, str, Probe]:
    """Repository, good, bad and probe of the search that wrote the journal at `path`."""
    from ...bisect.run.journal import Journal
    from ...bisect.run.judges import probe_from_dict

    header = Journal.read(path).header
    old, new = header["old"][0], header["new"]
    good, bad = (new, old) if header["repair"] else (old, new)
    return Path(header["repository"]), good, bad, probe_from_dict(header["probe"])


def _ends(book: Journal) -> list[dict[str, Any]]:
    return [dict(e) for e in book.events if e["event"] == "end"]


def _log(book: Journal, as_json: bool) -> int:
    """The answers in the form that `git bisect replay` reads."""
    words = {"good": "good", "bad": "bad"}
    lines = ["git bisect start"]
    for event in _ends(book):
        lines.append(f"git bisect {words.get(_kind(event), 'skip')} {event['point']}")
    if as_json:
        say_json({"log": lines})
    else:
        print("\n".join(lines))
    return SAME


def _kind(event: dict[str, Any]) -> str:
    verdict = event.get("verdict")
    return str(verdict.get("kind", "")) if isinstance(verdict, dict) else str(verdict)


def _show(book: Journal, as_json: bool) -> int:
    if as_json:
        say_json({"header": dict(book.header), "events": [dict(e) for e in book.events]})
        return SAME
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("commit", "verdict", "seconds", "said"):
        table.add_column(name, overflow="fold")
    for event in _ends(book):
        verdict = event["verdict"]
        seconds = event.get("ended", {}).get("seconds", event.get("seconds", ""))
        table.add_row(event["point"][:12], Text(_kind(event)), str(seconds), Text(str(verdict.get("reason", ""))))
    out = console()
    out.print(Text(f"{len(_ends(book))} probes of {book.header.get('repository')}"))
    out.print(table)
    return SAME


def _replay(book: Journal, as_json: bool) -> int:
    """Conclude again from the kept answers; nothing is run."""
    from dataclasses import asdict

    from ...bisect.axes.commits import read_range
    from ...bisect.bisect_commits import answers
    from ...bisect.run.judges import probe_from_dict
    from ...bisect.run.question import Question

    header = book.header
    old, new = header["old"][0], header["new"]
    good, bad = (new, old) if header["repair"] else (old, new)
    commits = read_range(Path(header["repository"]), good, bad)
    search = commits.search()
    ends = ((commits.new,), commits.old) if commits.repair else (commits.old, (commits.new,))
    question = Question(probe_from_dict(header["probe"]), *ends)
    for point, attempt in answers(book):
        for ready, verdict in question.offer(point, attempt):
            search.record(ready, verdict)
    result = search.result()
    if as_json:
        told = {"result": type(result).__name__ if result else None, "detail": asdict(result) if result else None}
        say_json({**told, "wanted": search.next(1)})
    elif result is None:
        print(f"not finished: next would be {search.next(1)[0]} ({search.remaining} commits left)")
    else:
        print(f"{type(result).__name__}: {asdict(result)}")
    return SAME
