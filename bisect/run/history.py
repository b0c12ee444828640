"""What a search tells about commits, and the trees that make two of them equal. Reads, never writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .plumbing import GitError, Repository, git


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What a person wants to know about a named commit; `files` are the paths it changes."""

    commit: str
    subject: str
    author: str
    date: str
    files: tuple[str, ...] = ()


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
