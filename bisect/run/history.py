"""The commits between good and bad, as a search wants them: parents by commit. Reads, never writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...tracer.errors import FirstbadError
from .plumbing import GitError, Repository, git, paths_of


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What a person wants to know about a named commit; `files` are the paths it changes."""

    commit: str
    subject: str
    author: str
    date: str
    files: tuple[str, ...] = ()


def read_history(
    repository: Repository,
    old: Sequence[str],
    new: str,
    *,
    first_parent: bool = False,
    paths: Sequence[str] = (),
) -> dict[str, tuple[str, ...]]:
    """Parents of every commit that `new` reaches and `old` does not; parents outside are named, not listed.

    With `paths` only commits that touch them count, their parents rewritten accordingly. Parents that a shallow
    clone does not have are named too, so that the edge of the clone is never taken for a root.
    """
    options = ["--parents", *(["--first-parent"] if first_parent else [])]
    try:
        said = repository.ask("rev-list", *options, new, *(f"^{o}" for o in old), *paths_of(paths))
    except GitError as failed:
        raise FirstbadError(
            f"the history of {new[:12]} cannot be read: {failed.said}",
            remedy="Check the repository with `git fsck`; in a partial clone fetch what is missing",
            slug="history-unreadable",
        ) from None
    parents = {line.split()[0]: tuple(line.split()[1:]) for line in said.splitlines()}
    if paths:
        parents = _with_ends(parents, old, new)
    if first_parent:
        parents = {commit: above[:1] for commit, above in parents.items()}
    for commit in _edge_of(repository) & parents.keys():
        parents[commit] = _recorded_parents(repository, commit)
    return parents


def _with_ends(parents: dict[str, tuple[str, ...]], old: Sequence[str], new: str) -> dict[str, tuple[str, ...]]:
    """Path-limited histories lack the ends when these touch nothing: hang them on again."""
    if new not in parents:
        inner = {p for above in parents.values() for p in above}
        parents[new] = tuple(c for c in parents if c not in inner) or tuple(old)
    return {c: above or tuple(old) for c, above in parents.items()}


def _edge_of(repository: Repository) -> set[str]:
    if not repository.shallow:
        return set()
    return set((repository.common / "shallow").read_text().split())


def _recorded_parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """What the commit itself says, also where a shallow clone hides it."""
    head = repository.ask("cat-file", "-p", commit).partition("\n\n")[0]
    return tuple(line.split()[1] for line in head.splitlines() if line.startswith("parent "))


def trees_of(repository: Repository, commits: Iterable[str]) -> dict[str, str]:
    """The tree of each commit, "" where git cannot read it; one git process for all of them."""
    wanted = list(commits)
    asked = "".join(f"{c}^{{tree}}\n" for c in wanted).encode()
    said = git("--git-dir", str(repository.common), "cat-file", "--batch-check=%(objectname)", data=asked)
    lines = said.decode().splitlines()
    return {c: "" if " " in line else line for c, line in zip(wanted, lines, strict=True)}


def commit_info(repository: Repository, commit: str) -> CommitInfo:
    """Subject, author, date and changed files of a commit (of a merge: against its first parent)."""
    form = "%s%x00%an <%ae>%x00%aI"
    subject, author, date = repository.ask("show", "-s", f"--format={form}", commit).split("\0")
    try:
        changed = ("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only", "-m", "--first-parent")
        files = repository.ask(*changed, commit).split("\0")
    except GitError:  # a parent that a shallow clone lacks
        files = []
    return CommitInfo(commit, subject, author, date, tuple(f for f in files if f))
