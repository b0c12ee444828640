"""The rooms an investigation compares: where it failed, an empty one, one without the user's variables."""

from __future__ import annotations

import fnmatch
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..tracer.errors import FirstbadError
from .inquiry import Inquiry
from .lab import Room
from .run.sandbox import clean_environment

BASE_VARIABLES = (
    "PATH",
    "HOME",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
    "NB_C_BIN",
)
SKIPPED_FOLDERS = (".git", ".hg", ".venv", "__pycache__", "node_modules")
MOST_FILES, MOST_BYTES = 20_000, 2 << 30


def base_environment() -> dict[str, str]:
    """What a program needs to start at all, and nothing that could change its numbers."""
    return clean_environment(only=BASE_VARIABLES)


def variables() -> dict[str, str]:
    """The user's environment variables that the base lacks: the suspects among them."""
    ours = ("FIRSTBAD_", "GIT_")
    return {k: v for k, v in os.environ.items() if k not in BASE_VARIABLES and not k.startswith(ours)}


def ambient_files(inquiry: Inquiry, exclude: Path | None = None) -> tuple[str, ...]:
    """The files that lie where the failure was seen, relative and sorted, that one of the patterns matches.

    Version control, virtual environments and our own output are left out. FirstbadError where they are too
    many to copy for every run.
    """
    home = inquiry.directory
    if not home.is_dir():
        raise FirstbadError(
            f"the directory {home} does not exist",
            remedy="check `directory` in firstbad.toml",
            slug="no-directory",
        )
    kept = tuple(sorted(_walk(home, inquiry.ambient, exclude.resolve() if exclude else None)))
    size = sum((home / name).stat().st_size for name in kept)
    if len(kept) > MOST_FILES or size > MOST_BYTES:
        raise FirstbadError(
            f"{home} holds {len(kept)} files of {size / 2**20:.0f} MiB, too many to copy for every run",
            remedy='narrow them with ambient = ["*.bin", …] in firstbad.toml',
            slug="too-many-files",
        )
    return kept


def _walk(home: Path, patterns: Iterable[str], exclude: Path | None) -> Iterable[str]:
    wanted = tuple(patterns)
    for folder, folders, names in os.walk(home):
        here = Path(folder)
        folders[:] = sorted(
            f for f in folders if f not in SKIPPED_FOLDERS and (exclude is None or (here / f).resolve() != exclude)
        )
        for name in names:
            relative = (here / name).relative_to(home).as_posix()
            if (here / name).is_file() and any(fnmatch.fnmatchcase(relative, p) for p in wanted):
                yield relative


def full_room(inquiry: Inquiry, exclude: Path | None = None) -> Room:
    """A copy of the place where the failure was seen: its files, the user's environment."""
    files = ambient_files(inquiry, exclude)
    return room_with("here", inquiry.directory, files, clean_environment())


def bare_room() -> Room:
    """No file, and only the base environment."""
    return Room("bare", lambda _: base_environment())


def room_with(name: str, source: Path, files: Iterable[str], environment: Mapping[str, str]) -> Room:
    """A room with copies of `files` (relative to `source`) and exactly `environment`."""
    kept, frozen = tuple(files), dict(environment)

    def fill(into: Path) -> Mapping[str, str]:
        copy_files(kept, source, into)
        return frozen

    return Room(name, fill)


def copy_files(files: Iterable[str], source: Path, into: Path) -> None:
    """Copy `files` into a clean directory, folders included; links are followed, times kept."""
    for name in files:
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, target)


def new_folder(out: Path, what: str) -> Path:
    """A new, empty folder `out/what-DATE-TIME` for artefacts; FirstbadError where none can be made."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for count in range(1000):
        folder = out / (f"{what}-{stamp}" + (f"-{count}" if count else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if out.exists() and not out.is_dir():
                break
            continue
        except OSError as problem:
            raise FirstbadError(
                f"{folder} cannot be made: {problem.strerror}",
                remedy="name another place with --out",
                slug="no-out",
            ) from None
        return folder.resolve()
    raise FirstbadError(f"{out} cannot hold artefacts", remedy="name another place with --out", slug="no-out")
