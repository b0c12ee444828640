"""Where searches are kept, and which journal a search writes: a new one, or that of the same search to go on with."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import uuid
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...tracer.errors import FirstbadError
from .journal import Event, Journal, plain

_ASIDE = ("event", "at", "format", "fingerprint", "notes")  # what of a header does not make another search of it
_AROUND = ("inputs", "points")  # what of it tells how things lie around, not what is asked
_MOST_SAID = 5


def firstbad_home(home: Path | None = None) -> Path:
    """Where we keep things: `home`, else $FIRSTBAD_HOME, else the user's cache directory. Made if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = home or Path(os.environ.get("FIRSTBAD_HOME") or Path(base) / "firstbad")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise FirstbadError(
            f"{place} cannot be made: {exc.strerror}",
            remedy="Give a writable directory in FIRSTBAD_HOME",
            slug="home-unwritable",
        ) from None
    return place.resolve()


def signed(header: Mapping[str, Any]) -> Event:
    """The header with its fingerprint: two searches are the same one where these are equal."""
    return {**header, "fingerprint": _mark(header)}


def _mark(header: Mapping[str, Any], *, without: Sequence[str] = ()) -> str:
    told = {k: v for k, v in plain({"axis": "commits", **header}).items() if k not in (*_ASIDE, *without)}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


@contextlib.contextmanager
def opened(home: Path, header: Event, path: Path | None, resume: bool | Path) -> Generator[Journal]:
    """The journal to write: at `path` or a new place, or with `resume` an old one of the same search.

    `resume` is the path of the journal, or True: that at `path`, else the newest unfinished one.
    """
    if isinstance(resume, Path):
        path = resume
    elif resume and path is None:
        path = newest_unfinished(home, header["fingerprint"])
    if resume and path is not None:
        book = Journal.resume(path)
        if _mark(book.header) != header["fingerprint"]:
            book.close()
            raise _other_search(path, book.header, header)
    else:
        book = Journal.create(path or _new_place(home), header)
    with book:
        yield book


def newest_unfinished(home: Path, wanted: str) -> Path | None:
    """The newest journal of the search with that fingerprint that holds no result; None where there is none."""
    for path in sorted((home / "searches").glob("*.jsonl"), reverse=True):
        with contextlib.suppress(FirstbadError):
            book = Journal.read(path)
            if _mark(book.header) == wanted and not any(e["event"] == "result" for e in book.events):
                return path
    return None


def interrupted(book: Journal, done: int) -> FirstbadError:
    """The sentence after a Ctrl-C; the journal notes it, if it can."""
    with contextlib.suppress(FirstbadError):
        book.append("interrupted")
    return FirstbadError(
        f"interrupted after {done} probe{'s' * (done != 1)}; their results are kept in {book.path}",
        remedy=f"Go on with: firstbad bisect --resume {book.path}",
        slug="interrupted",
    )


def _new_place(home: Path) -> Path:
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return home / "searches" / f"{stamp}-{uuid.uuid4().hex[:6]}.jsonl"


def _other_search(path: Path, old: Event, new: Event) -> FirstbadError:
    """What was asked is another thing, or what it was asked about has changed meanwhile."""
    changed = _differing(old.get("inputs") or {}, new.get("inputs") or {})
    if changed and _mark(old, without=_AROUND) == _mark(new, without=_AROUND):
        names = ", ".join(changed[:_MOST_SAID]) + (
            f" and {len(changed) - _MOST_SAID} more" * (len(changed) > _MOST_SAID)
        )
        return FirstbadError(
            f"what lies around is not what it was when this search began: {names}",
            remedy="Put it back as it was, or start the search anew without --resume",
            slug="surroundings-changed",
        )
    return FirstbadError(
        f"{path} is the journal of another search",
        remedy="Resume with the same ends, command and options, or start anew without --resume",
        slug="journal-other-search",
    )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
