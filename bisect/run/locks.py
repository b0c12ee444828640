"""Locks that end with their process, however it ends: an flock dies with its holder, a pid may be reused."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


class Lock:
    """An exclusive lock on a file; `pid` of the holder is written into it for people who look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def take(self) -> bool:
        """Take it if nobody holds it; False, at once, if somebody does."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        if not self._still_there(fd):  # its former holder removed it between our open and our flock
            os.close(fd)
            return False
        with contextlib.suppress(OSError):  # a full disk: the lock holds without the note
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return True

    def _still_there(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except OSError:
            return False

    def drop(self, *, remove: bool = False) -> None:
        """Give it back; `remove` takes the file away first, while it is still ours."""
        if self._fd is None:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._fd is not None

    def holder(self) -> str:
        """What the file says about who holds it."""
        try:
            return self.path.read_text().strip()
        except OSError:
            return ""
