"""A pipe can be read once only: `firstbad diff a.log <(program)`, a FIFO. What comes out of it is kept in a file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


def kept(path: Path) -> Path:
    """Where the content can be read as often as one likes: the path itself, but for a pipe, which is read once here."""
    if not path.is_fifo():
        return path
    about = path.stat()
    return _poured(path, about.st_dev, about.st_ino)


@lru_cache
def _poured(path: Path, _device: int, inode: int) -> Path:
    """A copy of what the pipe holds until it ends; it goes when we do."""
    import shutil

    copy = _folder() / f"{inode}-{path.name}"
    with path.open("rb") as stream, copy.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return copy


@lru_cache
def _folder() -> Path:
    import atexit
    import tempfile

    folder = tempfile.TemporaryDirectory(prefix="firstbad-pipe-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
