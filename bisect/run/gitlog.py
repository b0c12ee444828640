"""A commit search in the format of `git bisect log`, which `git bisect replay` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..axes.commits import CommitRange, describe
from ..search.graph import reach
from ..verdict import Candidates, Culprit, Kind, Result, Verdict
from .journal import Journal
from .story import Tried, accused, commits_of, replay


def bisect_log(book: Journal) -> str:
    """The journal as git would have written it. FirstbadError (journal-unordered) for a search without an order."""
    commits = commits_of(book)
    played = replay(book)
    words = {Kind.GOOD: "good", Kind.BAD: "bad"}
    start = "git bisect start"
    if commits.repair:
        words = {Kind.GOOD: "fixed", Kind.BAD: "broken"}
        start += " --term-new=fixed --term-old=broken"
    if book.header["options"]["first_parent"]:
        start += " --first-parent"
    named = accused(played.result) if played.result is not None else ()
    about = describe(commits.repository, dict.fromkeys([*(one.point for one in played.tried), *named]))

    def said(point: str) -> str:
        return f"[{point}] {about[point].subject}"

    unsure = book.header["options"].get("flaky") is not None
    if unsure and isinstance(played.result, Culprit):
        told = _as_concluded(played.tried, commits, played.result.point)
    else:
        told = _last_of_each(played.tried)
    lines = [start]
    for point, kind, why in told:
        word = words.get(kind, "skip")
        lines += [f"# {word}: {said(point)}{f' ({why})' if why else ''}", f"git bisect {word} {point}"]
    last = words[Kind.BAD if not commits.repair else Kind.GOOD]
    return "\n".join([*lines, *_conclusion(played.result, named, last, said)]) + "\n"


Told = tuple[str, Kind, str]


def _last_of_each(tried: Sequence[Tried]) -> list[Told]:
    """One line per commit: git takes no repeats. The last deciding answer, else the last."""
    best: dict[str, Verdict] = {}
    for one in tried:
        if one.point not in best or one.verdict.decides or not best[one.point].decides:
            best[one.point] = one.verdict
    return [(p, v.kind, "" if v.decides else f"{v.kind}: {v.reason}") for p, v in best.items()]


def _as_concluded(tried: Sequence[Tried], commits: CommitRange, culprit: str) -> list[Told]:
    """What each commit is in the light of the culprit, for a single answer means little; how it answered is said."""
    old, new = (Kind.BAD, Kind.GOOD) if commits.repair else (Kind.GOOD, Kind.BAD)
    told: list[Told] = []
    for point in dict.fromkeys(one.point for one in tried):
        given = [one.verdict for one in tried if one.point == point]
        after = culprit in reach([point], lambda p: commits.parents.get(p, ()))
        decided = [v for v in given if v.decides]
        kind = given[-1].kind if not decided else new if after else old
        bad = sum(v.kind is Kind.BAD for v in decided)
        told.append((point, kind, f"bad in {bad} of {len(decided)} runs" if decided else f"{kind}: {given[-1].reason}"))
    return told


def _conclusion(result: Result | None, named: Sequence[str], word: str, said: Any) -> list[str]:
    if isinstance(result, Culprit):
        return [f"# first {word} commit: {said(named[0])}"]
    if isinstance(result, Candidates):
        return ["# only skipped commits left to test", *(f"# possible first {word} commit: {said(p)}" for p in named)]
    return [f"# {type(result).__name__}"] if result is not None else []
