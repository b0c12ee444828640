"""The edits of one commit as points: which of them matter.

A point is the smallest thing that can be undone by itself: a block of changed lines without context, a file
made, deleted, renamed or replaced, a mode changed. Any subset is a tree: the parent with just those edits
made.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ...tracer.errors import FirstbadError
from ..run.plumbing import Repository
from ..search.subsets import SubsetSearch
from .changes import Block, FilePair, blocks, content, paired_files, split_lines

_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Edit:
    """One point. `what` is lines, made, deleted, renamed, mode or replaced; `block` belongs to lines."""

    name: str
    what: str
    pair: FilePair
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a composed tree; `mode` as git writes it."""

    mode: str
    data: bytes


class HunkAxis:
    """The edits of `commit` against `parent` (default: its first). `notes` say what was left out.

    With `by_line`, blocks that replace as many lines as they remove fall into single lines, tried after whole
    blocks. Raises FirstbadError (no-edits) for a commit that changes nothing.
    """

    def __init__(
        self, repository: Repository, commit: str, parent: str | None = None, *, by_line: bool = False
    ) -> None:
        self.repository, self.commit = repository, commit
        self.notes: list[str] = []
        self.edits: dict[str, Edit] = {}
        self._pairs: list[FilePair] = []
        self._content = cache(partial(content, repository))
        for pair in paired_files(repository, commit, parent):
            if pair.submodule:
                self.notes.append(f"{pair.path} is a submodule and stays as the checkout has it")
                continue
            self._pairs.append(pair)
            for edit in self._edits_of(pair, by_line):
                self.edits[edit.name] = edit
        if not self.edits:
            raise FirstbadError(
                f"commit {commit[:12]} changes no file",
                remedy="Nothing to split; look at what else changed with it",
                slug="no-edits",
            )

    @property
    def points(self) -> tuple[str, ...]:
        """The names of all edits, in the order of files and lines."""
        return tuple(self.edits)

    @property
    def groups(self) -> Mapping[str, str]:
        """Edit -> file."""
        return {name: edit.pair.path for name, edit in self.edits.items()}

    def search(self, *, confirm: bool = False, repair: bool = False) -> SubsetSearch:
        """Whole files first, then their edits; stops at sets that share no edit."""
        return SubsetSearch(self.points, groups=self.groups, every=False, confirm=confirm, repair=repair)

    def tree(self, chosen: Collection[str]) -> dict[str, Entry | None]:
        """Every file the commit touches as it is with only the `chosen` edits; None where it is absent."""
        made: dict[str, Entry | None] = {}
        for pair in self._pairs:
            mine = [e for e in self.edits.values() if e.pair is pair and e.name in chosen]
            for path in (pair.old_path, pair.new_path):
                if path:
                    made.setdefault(path, None)
            done = self._composed(pair, mine)
            if done is not None:
                made[done[0]] = done[1]
        return made

    def stand(self, chosen: Collection[str], worktree: Path) -> str:
        """Write that tree over a checkout of the commit or of its parent; returns a digest of what was
        written.
        """
        tree = sorted(self.tree(chosen).items())
        for path, _ in tree:
            _remove(worktree, path)
        for path, entry in tree:
            if entry is not None:
                _put(worktree, path, entry)
        return _digest(tree)

    def digest(self, chosen: Collection[str]) -> str:
        """What `stand` would return: it tells two sets of edits apart unless they make the same files."""
        return _digest(sorted(self.tree(chosen).items()))

    def _edits_of(self, pair: FilePair, by_line: bool) -> list[Edit]:
        if not pair.old_path:
            return [Edit(f"{pair.path} (made)", "made", pair)]
        if not pair.new_path:
            return [Edit(f"{pair.path} (deleted)", "deleted", pair)]
        edits: list[Edit] = []
        if pair.old_path != pair.new_path:
            edits.append(Edit(f"{pair.path} (renamed from {pair.old_path})", "renamed", pair))
        if pair.old_mode != pair.new_mode and _LINK not in (pair.old_mode, pair.new_mode):
            edits.append(Edit(f"{pair.path} (mode {pair.old_mode} to {pair.new_mode})", "mode", pair))
        if pair.old_blob == pair.new_blob:
            return edits
        found = None if _LINK in (pair.old_mode, pair.new_mode) else blocks(self.repository, pair)
        if found is None:
            return [*edits, Edit(f"{pair.path} (replaced)", "replaced", pair)]
        parts = [part for block in found for part in (_single(block) if by_line else [block])]
        return edits + [Edit(_name(pair.path, part), "lines", pair, part) for part in parts]

    def _composed(self, pair: FilePair, mine: list[Edit]) -> tuple[str, Entry] | None:
        whats = {e.what for e in mine}
        if not pair.old_path:
            return (pair.new_path, self._side(pair, new=True)) if "made" in whats else None
        if "deleted" in whats:
            return None
        path = pair.new_path if "renamed" in whats else pair.old_path
        if "replaced" in whats:
            return path, self._side(pair, new=True)
        old, new = (split_lines(self._content(b)) for b in (pair.old_blob, pair.new_blob))
        lines = _patched(old, new, [e.block for e in mine if e.block is not None])
        return path, Entry(pair.new_mode if "mode" in whats else pair.old_mode, b"".join(lines))

    def _side(self, pair: FilePair, new: bool) -> Entry:
        blob, mode = (pair.new_blob, pair.new_mode) if new else (pair.old_blob, pair.old_mode)
        return Entry(mode, self._content(blob))


def _digest(tree: Sequence[tuple[str, Entry | None]]) -> str:
    digest = hashlib.sha256()
    for path, entry in tree:
        told = b"absent" if entry is None else entry.mode.encode() + b" " + entry.data
        digest.update(f"{path}\0{len(told)}\0".encode("utf-8", "surrogateescape") + told)
    return digest.hexdigest()


def _name(path: str, block: Block) -> str:
    line = block.new + 1 if block.new_count else block.old + 1
    return f"{path}:{line} (-{block.old_count} +{block.new_count})"


def _single(block: Block) -> list[Block]:
    """One block a line where lines were replaced one by one; as it is otherwise."""
    if block.old_count != block.new_count:
        return [block]
    return [Block(block.old + k, 1, block.new + k, 1) for k in range(block.old_count)]


def _patched(old: list[bytes], new: list[bytes], parts: list[Block]) -> list[bytes]:
    lines: list[bytes] = []
    at = 0
    for part in sorted(parts, key=lambda b: (b.old, b.new)):
        lines += old[at : part.old]
        lines += new[part.new : part.new + part.new_count]
        at = part.old + part.old_count
    return lines + old[at:]


def _remove(worktree: Path, path: str) -> None:
    """Delete one path and the folders that it leaves empty."""
    target = worktree / path
    if target.is_symlink() or target.is_file():
        target.unlink()
    for folder in target.parents:
        if folder == worktree or not folder.is_dir() or any(folder.iterdir()):
            break
        folder.rmdir()


def _put(worktree: Path, path: str, entry: Entry) -> None:
    target = worktree / path
    target.parent.mkdir(parents=True, exist_ok=True)
    # Python trusts a cached module whose source has the same size and second: two trees may share both
    for stale in (target.parent / "__pycache__").glob(f"{target.stem}.*.pyc"):
        stale.unlink()
    if entry.mode == _LINK:
        target.symlink_to(os.fsdecode(entry.data))
        return
    target.write_bytes(entry.data)
    target.chmod(0o755 if entry.mode == "100755" else 0o644)
