"""A pool of worktrees of our own; nothing of the user's checkout or repository is ever written.

`git worktree add` would write into the user's repository. So each slot has a git directory of its own that
only *borrows* the user's objects (objects/info/alternates), with its own HEAD and index. Slots are numbered,
hence their paths are the same in every search. A lock that dies with its holder tells a slot in use from one
that a crash left behind; the latter are removed when the next search starts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from .locks import Lock
from .plumbing import GitError, Repository, copied_config, git, open_repository, paths_of

_CONFIG = """[core]
\trepositoryformatversion = {version}
\tbare = false
\tlogAllRefUpdates = false
\tworktree = ../tree
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a checkout holds. `sparse` names the paths the command needs: all others are not even read.

    `filters` (smudge filters such as LFS, line endings) and `submodules` (may fetch) follow the user's setting.
    """

    sparse: tuple[str, ...] = ()
    filters: bool = False
    submodules: bool = False


class Slot:
    """One worktree: `tree` is what a probe sees, `scratch` its temporary directory."""

    def __init__(self, place: Path, repository: Repository, layout: Layout) -> None:
        self.place, self.repository, self.layout = place, repository, layout
        self.tree, self.scratch, self.git_dir = place / "tree", place / "tmp", place / "git"
        self._made = False

    def stand_on(self, commit: str) -> None:
        """Make `tree` exactly the files of `commit`, nothing else; GitError or OSError where that cannot be.

        A slot that a probe left in a state git cannot repair (a removed git directory, unwritable folders) is
        thrown away and made anew, once.
        """
        try:
            self._check_out(commit)
        except (GitError, OSError):
            remove_tree(self.place)
            self._made = False
            self._check_out(commit)

    def note_changes(self) -> None:
        """Take what was changed in `tree` into our own index; objects are written to our own git directory."""
        self._git("add", "--all", "--force")

    def _check_out(self, commit: str) -> None:
        if not self._made:
            self._make()
        (self.git_dir / "config").write_text(self._config())  # probes may have edited it
        (self.tree / ".git").write_text(f"gitdir: {self.git_dir}\n")
        (self.git_dir / "index.lock").unlink(missing_ok=True)  # a killed probe's git
        self._git("clean", "-ffdxq")
        if self.layout.sparse:
            self._sparse(commit)
        else:
            self._git("read-tree", "--reset", "-u", commit)
        (self.git_dir / "HEAD").write_text(commit + "\n")
        if self.layout.submodules:
            self._git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
        remove_tree(self.scratch)
        self.scratch.mkdir()

    def _sparse(self, commit: str) -> None:
        """Only the wanted paths enter the index, so neither trees nor blobs elsewhere are read."""
        entries = self._git("ls-tree", "-r", "-z", "--full-tree", commit, *paths_of(self.layout.sparse))
        self._git("read-tree", "--empty")
        self._git("update-index", "-z", "--index-info", data=entries)
        self._git("checkout-index", "--all", "--force", "--quiet")
        self._git("clean", "-ffdxq")

    def _make(self) -> None:
        remove_tree(self.place)
        self.tree.mkdir(parents=True)
        form = f"--object-format={self.repository.object_format}"
        git("init", "--quiet", "--bare", "--template=", form, str(self.git_dir))
        (self.git_dir / "objects" / "info").mkdir(exist_ok=True)
        (self.git_dir / "objects" / "info" / "alternates").write_bytes(os.fsencode(self.repository.objects) + b"\n")
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(self.repository.common / "shallow", self.git_dir / "shallow")
        with contextlib.suppress(GitError):  # a snapshot of the refs, so that a probe may `git describe`
            refs = self.repository.ask("for-each-ref", "--format=%(objectname) %(refname)")
            (self.git_dir / "packed-refs").write_text(refs + "\n" if refs else "")
        if self.layout.filters:
            with contextlib.suppress(FileNotFoundError):
                (self.git_dir / "info").mkdir(exist_ok=True)
                shutil.copyfile(self.repository.common / "info" / "attributes", self.git_dir / "info" / "attributes")
        self._made = True

    def _config(self) -> str:
        text = _CONFIG.format(version=0 if self.repository.object_format == "sha1" else 1)
        if self.repository.object_format != "sha1":
            text += f"[extensions]\n\tobjectFormat = {self.repository.object_format}\n"
        return text

    def _git(self, *args: str, data: bytes | None = None) -> bytes:
        asked = self.layout.filters or self.layout.submodules
        settings: list[str] = []
        if asked:
            pattern = r"^(filter\.|core\.(autocrlf|eol)$|remote\.origin\.url$|submodule\.)"
            settings = [w for key, value in copied_config(self.repository, pattern) for w in ("-c", f"{key}={value}")]
            settings += ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
        env = {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.tree)}
        return git(*settings, *args, env=env, cwd=self.tree, data=data, config=asked)


class Worktrees:
    """Slots of one repository under `home`; thread-safe. Close it, or use it as a context manager."""

    def __init__(self, repo: Path, home: Path, layout: Layout | None = None) -> None:
        self.repository = open_repository(repo)
        self.layout = layout or Layout()
        self.home = home.resolve() / "slots"
        self._name = hashlib.sha256(os.fsencode(self.repository.common)).hexdigest()[:12]
        self._free: list[Slot] = []
        self._locks: dict[Path, Lock] = {}
        self._mutex = threading.Lock()
        remove_stale(self.home)

    @contextlib.contextmanager
    def slot(self) -> Generator[Slot]:
        """A slot for the length of the block; as many as are asked for at once come into being."""
        with self._mutex:
            slot = self._free.pop() if self._free else self._new()
        try:
            yield slot
        finally:
            with self._mutex:
                self._free.append(slot)

    def _new(self) -> Slot:
        number = 0
        while True:
            place = self.home / f"{self._name}-{number}"
            lock = Lock(place.with_suffix(".lock"))
            if lock.take():
                self._locks[place] = lock
                return Slot(place, self.repository, self.layout)
            number += 1

    def close(self) -> None:
        """Remove every slot of ours; one in use is removed too, so end the probes first."""
        with self._mutex:
            for place, lock in self._locks.items():
                remove_tree(place)
                lock.drop(remove=True)
            self._locks.clear()
            self._free.clear()

    def __enter__(self) -> Worktrees:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_stale(slots: Path) -> list[Path]:
    """Remove what a crash left behind: every slot whose lock nobody holds; returns what was removed."""
    removed: list[Path] = []
    for place in sorted(slots.glob("*-*")) if slots.is_dir() else ():
        lock = Lock(place.with_suffix(".lock"))
        if place.suffix != ".lock" and lock.take():
            remove_tree(place)
            lock.drop(remove=True)
            removed.append(place)
    return removed


def remove_tree(path: Path) -> None:
    """rm -rf that also gets through folders that a probe made unwritable; nothing there is fine."""

    def insist(function: object, name: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(stat.S_IRWXU)
            if Path(name).is_dir() and not Path(name).is_symlink():
                Path(name).chmod(stat.S_IRWXU)
                shutil.rmtree(name, ignore_errors=True)
            else:
                Path(name).unlink()

    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path, onerror=insist)
