"""Commits as points: the history between a good and a bad commit, read from git without touching anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...tracer.errors import FirstbadError
from ..run.plumbing import GitError, Repository, open_repository
from ..search.ordered import OrderedSearch
from ..verdict import Kind, Verdict
from .changes import ChangedLine, lines_changed, paired_files


@dataclass(frozen=True, slots=True)
class CommitRange:
    """What lies between the old and the new end, as full commit ids.

    `parents` covers the range only. `old` are the ends to try first on the old side: the named commit and,
    where it is no ancestor of the new one, the points where both lines part. `repair` means the good commit
    is the newer one, so the search asks what repaired it. `notes` are sentences that a report should show.
    """

    repository: Repository
    parents: Mapping[str, tuple[str, ...]]
    old: tuple[str, ...]
    new: str
    repair: bool
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def commits(self) -> tuple[str, ...]:
        """Every commit that may be named, newest first."""
        return tuple(self.parents)

    def search(self, *, confirm: bool | int = True, patience: int = 24) -> OrderedSearch:
        """The ordered search on this range, in its direction."""
        begin = OrderedSearch.repair if self.repair else OrderedSearch
        search = begin(self.parents, self.old, self.new, confirm=confirm, patience=patience)
        for commit in self.left_out:
            search.record(commit, Verdict(Kind.NO_DATA, reason="left out by request"))
        return search


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """What people recognise a commit by; `date` is ISO 8601, the author's."""

    id: str
    short: str
    subject: str
    author: str
    date: str

    def __str__(self) -> str:
        return f"{self.short} {self.subject} ({self.author}, {self.date[:10]})"


def read_range(
    repository: Repository | Path,
    good: str,
    bad: str,
    *,
    first_parent: bool = False,
    leave_out: Iterable[str] = (),
) -> CommitRange:
    """Read the commits between `good` and `bad`.

    `first_parent` keeps to the main line; `paths` keeps commits that touch them (others are as good as their
    parents); `leave_out` are commits known to be useless, joined over. If the good commit is the newer one,
    the range asks for the repair. Raises FirstbadError: commit-unknown, same-commit, unrelated-commits.
    """
    repo = open_repository(repository) if isinstance(repository, Path) else repository
    good_id, bad_id = repo.resolve(good), repo.resolve(bad)
    if good_id == bad_id:
        raise FirstbadError(
            f"{good} and {bad} are the same commit {good_id[:12]}",
            remedy="Give two commits, one before and one after the change",
            slug="same-commit",
        )
    bases = _bases(repo, good_id, bad_id, f"{good} and {bad}")
    repair = bases == [bad_id]
    old_id, new_id = (bad_id, good_id) if repair else (good_id, bad_id)
    parents = _read(repo, [old_id, *bases], new_id, first_parent)
    notes = _notes(repo, good, bad, repair, [] if old_id in bases else bases)
    if first_parent:
        notes.append("only the main line is searched: a merge stands for the branch that it brings in")
    old = tuple(dict.fromkeys([old_id, *bases]))
    left_out = tuple(dict.fromkeys(map(repo.resolve, leave_out)))
    return CommitRange(repo, parents, old, new_id, repair, left_out, tuple(notes))


def describe(repository: Repository, commits: Iterable[str]) -> dict[str, CommitFacts]:
    """Short id, subject, author and date of each commit, in one call to git."""
    wanted = list(dict.fromkeys(commits))
    if not wanted:
        return {}
    form = "--format=%H%x00%h%x00%s%x00%an%x00%aI"
    said = repository.ask("log", "--no-walk=unsorted", "--no-show-signature", form, *wanted, "--")
    rows = (line.split("\0") for line in said.splitlines())
    return {row[0]: CommitFacts(*row) for row in rows}


def changed_lines(repository: Repository, commit: str) -> list[ChangedLine]:
    """The lines that `commit` changed against its first parent, in the order of files and lines."""
    return [line for pair in paired_files(repository, commit) for line in lines_changed(repository, pair)]


def _bases(repo: Repository, good: str, bad: str, names: str) -> list[str]:
    try:
        return repo.ask("merge-base", "--all", good, bad).split()
    except GitError as failed:
        if failed.code != 1:
            raise FirstbadError(
                f"the history between {names} cannot be read: {failed.said}",
                remedy="Check the repository with `git fsck`",
                slug="history-unreadable",
            ) from None
        hint = "; the repository is shallow, so fetch more of it" if repo.shallow else ""
        raise FirstbadError(
            f"{names} have no common ancestor",
            remedy=f"Give two commits of one history{hint}",
            slug="unrelated-commits",
        ) from None


def _read(repo: Repository, old: Sequence[str], new: str, first_parent: bool) -> dict[str, tuple[str, ...]]:
    options = ["--parents", "--topo-order", *(["--first-parent"] if first_parent else [])]
    try:
        said = repo.ask("rev-list", *options, new, *(f"^{c}" for c in dict.fromkeys(old)), "--")
    except GitError as failed:
        raise FirstbadError(
            f"the commits up to {new[:12]} cannot be read: {failed.said}",
            remedy="Check the repository with `git fsck`, or fetch what is missing",
            slug="history-unreadable",
        ) from None
    rows = [line.split() for line in said.splitlines()]
    parents = {row[0]: tuple(row[1:2] if first_parent else row[1:]) for row in rows}
    edge = _shallow_edge(repo)
    return {c: above for c, above in parents.items() if above or c not in edge or c == new}


def _shallow_edge(repo: Repository) -> set[str]:
    """Commits whose parents git was not given: they look like roots, but nothing is known before them."""
    try:
        return set((repo.common / "shallow").read_text().split()) if repo.shallow else set()
    except OSError:
        return set()


def _notes(repo: Repository, good: str, bad: str, repair: bool, bases: Sequence[str]) -> list[str]:
    notes: list[str] = []
    if repair:
        notes.append(f"{good} is newer than {bad}: the search asks which commit repaired it")
    if bases:
        at = ", ".join(b[:12] for b in bases)
        notes.append(f"{good} is no ancestor of {bad}: the lines part at {at}, which is tried first")
    if repo.shallow:
        notes.append("the repository is shallow: nothing is known before its edge")
    return notes
