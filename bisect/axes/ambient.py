"""What surrounds a run as points: files that happen to lie there, and environment variables.

The failure was seen in a directory, with an environment. A subset of it is stood on by building a clean room:
a new directory with copies of just those files, and an environment with just those variables over a small
base. The room keeps the shape of the tree from `root` down, so `../params.txt` still works; a path that a
chosen variable holds is rewritten to lead into the room.

A file is called by its path relative to the working directory (`Fdump.bin`, `../params.txt`), one of the home
directory `~/.config/x`, one of another folder `label:path`, a variable `$NAME`. The locale is variables.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...tracer.errors import FirstbadError
from ..search.subsets import SubsetSearch

BASE = ("PATH", "SYSTEMROOT", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV")
PLACES = ("HOME", "TMPDIR", "TMP", "TEMP", "PWD", "OLDPWD", "_", "SHLVL")
SKIPPED_FOLDERS = (".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules")
MOST_FILES, MOST_BYTES = 20_000, 2 << 30


@dataclass(frozen=True, slots=True)
class AmbientFile:
    """One file: its name as a point, where it lies, and where it goes inside a room."""

    name: str
    source: Path
    place: Path


@dataclass(slots=True)
class AmbientAxis:
    """The files and variables around a run. `notes` say what was left out and why.

    `always` (names of points) and `base` (variables) are part of every room and never suspected. `moved`
    pairs each folder outside with its place in a room.
    """

    directory: Path
    root: Path
    files: dict[str, AmbientFile]
    variables: dict[str, str]
    base: dict[str, str]
    always: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list[str])
    moved: tuple[tuple[str, str], ...] = ()

    @property
    def points(self) -> tuple[str, ...]:
        """Every suspect: files first, then variables."""
        return tuple(p for p in (*self.files, *("$" + v for v in self.variables)) if p not in self.always)

    def search(self, *, hints: Collection[str] = (), confirm: bool = True) -> SubsetSearch:
        """The search for all minimal sets that matter; `hints` (files seen opened) are looked at first."""
        return SubsetSearch(self.points, hints=hints, confirm=confirm)

    def working(self, into: Path) -> Path:
        """The directory inside the room `into` that the command is to be started in."""
        return into / "room" / self.directory.relative_to(self.root)

    def stand(self, chosen: Collection[str], into: Path) -> dict[str, str]:
        """Build the room for `chosen` points inside the empty directory `into`; returns the environment.

        Raises FirstbadError (ambient-vanished) where a file can no longer be read.
        """
        wanted = {*chosen, *self.always}
        for folder in (self.working(into), into / "home", into / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, file in self.files.items():
            if name in wanted:
                _copy(file, into)
        environment = {**self.base, "HOME": str(into / "home"), "TMPDIR": str(into / "tmp")}
        for name, value in self.variables.items():
            if "$" + name in wanted:
                environment[name] = self.relocate(value, into)
        return environment

    def relocate(self, text: str, into: Path) -> str:
        """`text` with every path of the root and the extra folders led into the room."""
        for outside, inside in self.moved:
            text = _led(text, outside, str(into / inside))
        return text


def survey(
    directory: Path,
    *,
    root: Path | None = None,
    patterns: Collection[str] = ("*",),
    folders: Mapping[str, Path] | None = None,
    home: Collection[str] = (),
    variables: Mapping[str, str] | None = None,
    always: Collection[str] = (),
    exclude: Collection[Path] = (),
) -> AmbientAxis:
    """Look around a run that failed in `directory`.

    Files: everything below `directory` that one of `patterns` matches; the files beside each parent up to
    `root` (which must contain `directory`); of the home directory what the globs `home` match; everything
    below the extra `folders`, by label. `variables`: the environment that it failed with (None: no variable
    is a suspect). Raises FirstbadError: no-directory, bad-root, too-many-files.
    """
    directory = _existing(directory)
    top = _existing(root) if root is not None else directory
    if not directory.is_relative_to(top):
        raise FirstbadError(
            f"{directory} does not lie in {top}",
            remedy="Give a root that contains the working directory",
            slug="bad-root",
        )
    notes: list[str] = []
    skip = {p.resolve() for p in exclude}
    found = list(_below(directory, top, patterns, skip, notes))
    found += _beside_parents(directory, top, patterns, skip, notes)
    found += _at_home(home, notes)
    for label, folder in (folders or {}).items():
        found += _in_folder(label, _existing(folder), skip, notes)
    _refuse_too_many(directory, found)
    suspects, base = _variables(variables or {})
    files = {f.name: f for f in found}
    moved = {str(f.resolve()): f"extra/{label}" for label, f in (folders or {}).items()} | {str(top): "room"}
    deepest_first = tuple(sorted(moved.items(), key=lambda pair: -len(pair[0])))
    return AmbientAxis(directory, top, files, suspects, base, frozenset(always), notes, deepest_first)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise FirstbadError(f"the directory {folder} does not exist", remedy="Check its name", slug="no-directory")
    return folder.resolve()


def _below(
    directory: Path, root: Path, patterns: Collection[str], skip: Collection[Path], notes: list[str]
) -> Iterable[AmbientFile]:
    place = Path("room") / directory.relative_to(root)
    for relative in _walk(directory, skip, notes):
        name = relative.as_posix()
        if any(fnmatch.fnmatchcase(name, p) for p in patterns):
            yield AmbientFile(name, directory / relative, place / relative)


def _beside_parents(
    directory: Path, root: Path, patterns: Collection[str], skip: Collection[Path], notes: list[str]
) -> Iterable[AmbientFile]:
    """Files that lie directly in a parent directory, up to the root."""
    above = "../"
    for folder in directory.parents if directory != root else ():
        for source in sorted(folder.iterdir()):
            name = above + source.name
            fits = any(fnmatch.fnmatchcase(source.name, p) for p in patterns) and source.resolve() not in skip
            if not source.is_dir() and fits and _usable(source, name, notes):
                yield AmbientFile(name, source, Path("room") / folder.relative_to(root) / source.name)
        if folder == root:
            break
        above += "../"


def _at_home(globs: Collection[str], notes: list[str]) -> Iterable[AmbientFile]:
    home = Path.home()
    sources = {p for g in globs for p in home.glob(g)}
    inside = {q for p in sources for q in ((p, *p.rglob("*")) if p.is_dir() else (p,))}
    for source in sorted(inside):
        relative = source.relative_to(home)
        name = f"~/{relative.as_posix()}"
        if not source.is_dir() and _usable(source, name, notes):
            yield AmbientFile(name, source, Path("home") / relative)


def _in_folder(label: str, folder: Path, skip: Collection[Path], notes: list[str]) -> Iterable[AmbientFile]:
    for relative in _walk(folder, skip, notes):
        yield AmbientFile(f"{label}:{relative.as_posix()}", folder / relative, Path("extra") / label / relative)


def _walk(top: Path, skip: Collection[Path], notes: list[str]) -> Iterable[Path]:
    """Every usable file below `top`, sorted, as paths relative to it."""

    def unreadable(problem: OSError) -> None:
        notes.append(f"{problem.filename} cannot be read ({problem.strerror}) and is no suspect")

    for folder, folders, names in os.walk(top, onerror=unreadable):
        here = Path(folder)
        left = [f for f in folders if f in SKIPPED_FOLDERS]
        notes += [f"{(here / f).relative_to(top).as_posix()}/ is left out" for f in sorted(left)]
        folders[:] = sorted(f for f in folders if f not in left and (here / f).resolve() not in skip)
        for name in sorted(names):
            relative = (here / name).relative_to(top)
            if (here / name).resolve() not in skip and _usable(here / name, relative.as_posix(), notes):
                yield relative


def _usable(source: Path, name: str, notes: list[str]) -> bool:
    """Whether it is a file that can be copied; if not, a note says why."""
    if not source.is_file():
        notes.append(f"{name} is no regular file and is no suspect")
        return False
    if not os.access(source, os.R_OK):
        notes.append(f"{name} may not be read and is no suspect")
        return False
    return True


def _refuse_too_many(directory: Path, files: Collection[AmbientFile]) -> None:
    size = sum(f.source.stat().st_size for f in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise FirstbadError(
            f"{len(files)} files of {size / 2**20:.0f} MiB lie around {directory}, too many to copy for every run",
            remedy='Narrow them with patterns, such as "*.bin"',
            slug="too-many-files",
        )


def _variables(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The suspects among the variables, and the base that every room has."""
    own: Callable[[str], bool] = lambda name: name.startswith(("FIRSTBAD_", "GIT_"))  # noqa: E731
    base = {k: v for k, v in (environment or os.environ).items() if k in BASE}
    suspects = {k: v for k, v in environment.items() if k not in BASE and k not in PLACES and not own(k)}
    return dict(sorted(suspects.items())), base


def _copy(file: AmbientFile, into: Path) -> None:
    target = into / file.place
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(file.source, target)
    except OSError as problem:
        raise FirstbadError(
            f"{file.name} cannot be copied into a clean room: {problem.strerror}",
            remedy="It was there when the search began; put it back or leave it out, then resume",
            slug="ambient-vanished",
        ) from None


def _led(text: str, old: str, new: str) -> str:
    """Replace the path `old` by `new` where it is a whole path or the beginning of one."""
    parts = text.split(old)
    out = parts[0]
    for part in parts[1:]:
        whole = part[:1] in ("", "/", ":", ";", ",", " ") and out[-1:] in ("", ":", ";", ",", "=", " ")
        out += (new if whole else old) + part
    return out
