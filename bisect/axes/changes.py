"""What a commit changed: pairs of files, and the smallest blocks of lines that differ between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..run.plumbing import Repository, git

_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class FilePair:
    """One file before and after a commit. A side that does not exist has an empty path and no blob."""

    old_path: str
    new_path: str
    old_blob: str
    new_blob: str
    old_mode: str
    new_mode: str

    @property
    def path(self) -> str:
        """The name people know it by: the new one where there is one."""
        return self.new_path or self.old_path

    @property
    def submodule(self) -> bool:
        """Whether either side is a pointer into another repository."""
        return SUBMODULE in (self.old_mode, self.new_mode)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines [old, old + old_count) become [new, new + new_count); indices from 0."""

    old: int
    old_count: int
    new: int
    new_count: int


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """One line that changed; `line` counts from 1 in the new file (in the old one where `new` is None)."""

    file: str
    line: int
    old: str | None
    new: str | None


def paired_files(repository: Repository, commit: str, parent: str | None = None) -> list[FilePair]:
    """The files that `commit` changed against `parent` (its first one; a root against nothing)."""
    if parent is None:
        above = repository.ask("rev-list", "--parents", "-n", "1", commit).split()[1:]
        parent = above[0] if above else None
    ends = ["--root", commit] if parent is None else [parent, commit]
    said = _raw(repository, "diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", "--no-commit-id", *ends)
    return list(_pairs(said.decode("utf-8", "surrogateescape").split("\0")))


def content(repository: Repository, blob: str) -> bytes:
    """The bytes of one blob; empty for none."""
    return _raw(repository, "cat-file", "blob", blob) if blob else b""


def blocks(repository: Repository, pair: FilePair) -> list[Block] | None:
    """The blocks that differ, without context; None for a binary file."""
    options = ("-U0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff", "--no-textconv")
    said = _raw(repository, "diff", *options, "--diff-algorithm=histogram", pair.old_blob, pair.new_blob)
    found = [_block(m) for m in _HUNK.finditer(said)]
    return found if found or not said else None


def split_lines(data: bytes) -> list[bytes]:
    """Lines as git counts them: ended by a newline only, kept; the last may lack it."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def lines_changed(repository: Repository, pair: FilePair) -> Iterator[ChangedLine]:
    """The changed lines of one file, old and new ones paired in order inside each block."""
    if pair.submodule or pair.old_blob == pair.new_blob:
        return
    old, new = (split_lines(content(repository, b)) for b in (pair.old_blob, pair.new_blob))
    if pair.old_blob and pair.new_blob:
        found = blocks(repository, pair)
    else:
        found = None if b"\0" in b"".join(old + new)[:8000] else [Block(0, len(old), 0, len(new))]
    for block in found or []:
        for k in range(max(block.old_count, block.new_count)):
            was = _text(old[block.old + k]) if k < block.old_count else None
            now = _text(new[block.new + k]) if k < block.new_count else None
            yield ChangedLine(pair.path, (block.old if now is None else block.new) + k + 1, was, now)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _block(match: re.Match[bytes]) -> Block:
    """From 1-based `@@ -a,b +c,d @@`; where a count is 0 git names the line before."""
    a, b, c, d = (1 if g is None else int(g) for g in match.groups())
    return Block(a - 1 if b else a, b, c - 1 if d else c, d)


def _pairs(fields: list[str]) -> Iterator[FilePair]:
    rest = iter(fields)
    for head in rest:
        if not head.startswith(":"):
            continue
        old_mode, new_mode, old_blob, new_blob, status = head[1:].split(" ")
        old_path = new_path = next(rest)
        if status[0] in "RC":
            new_path = next(rest)
        gone, fresh = status[0] == "D", status[0] == "A"
        yield FilePair(
            "" if fresh else old_path,
            "" if gone else new_path,
            "" if fresh else old_blob,
            "" if gone else new_blob,
            old_mode,
            new_mode,
        )


def _raw(repository: Repository, *args: str) -> bytes:
    return git("--git-dir", str(repository.common), *args)
