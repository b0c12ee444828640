"""Look around a run: the files and variables that may be to blame, for the ambient axis."""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from ...tracer.errors import FirstbadError
from .ambient import AmbientAxis, AmbientFile

BASE = ("PATH", "SYSTEMROOT", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV", "NB_C_BIN")
PLACES = ("HOME", "TMPDIR", "TMP", "TEMP", "PWD", "OLDPWD", "_", "SHLVL")
SKIPPED_FOLDERS = (".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules")
MOST_FILES, MOST_BYTES = 20_000, 2 << 30
# Beside parents and behind variables things lie that nobody meant as input: take what is small, say what is not.
FEW_FILES, SMALL = 200, 16 << 20
PARENTS = 3


def survey(
    directory: Path,
    *,
    root: Path | None = None,
    parents: int = 0,
    patterns: Collection[str] = ("*",),
    folders: Mapping[str, Path] | None = None,
    home: Collection[str] = (),
    variables: Mapping[str, str] | None = None,
    always: Collection[str] = (),
    exclude: Collection[Path] = (),
) -> AmbientAxis:
    """Look around a run that failed in `directory`.

    Files: everything below `directory` that one of `patterns` matches; the files beside each parent up to
    `root` (which must contain `directory`; by default as many levels up as `parents` says); of the home directory
    what the globs `home` match; everything below the extra `folders`, by label; what a variable names.
    `variables`: the environment that it failed with (None: no variable is a suspect). `always`: points, patterns of
    points, and paths (a folder means all that is in it) that are part of every room: what the command names. `exclude`
    are paths that are no suspects: programs, our own output.
    Raises FirstbadError: no-directory, bad-root, too-many-files.
    """
    directory = _existing(directory)
    top = _existing(root) if root is not None else _above(directory, parents)
    if not directory.is_relative_to(top):
        raise FirstbadError(
            f"{directory} does not lie in {top}",
            remedy="Give a root that contains the working directory",
            slug="bad-root",
        )
    notes: list[str] = []
    skip = {p.resolve() for p in exclude}
    suspects, base = _variables(variables or {})
    at_home = _place_of_home(top)
    found = list(_below(directory, top, patterns, skip, notes))
    found += _beside_parents(directory, top, patterns, skip, notes)
    found += _at_home(home, at_home, skip, notes)
    for label, folder in (folders or {}).items():
        found += _in_folder(label, _existing(folder), skip, notes)
    behind = list(_behind(suspects, directory, top, {f.source.resolve() for f in found} | skip, notes))
    files = {f.name: f for f in reversed([*found, *(f for f, _ in behind)])}
    files = _each_once(dict(reversed(files.items())))
    _refuse_too_many(directory, files.values())
    moved = {str(f.resolve()): f"extra/{label}" for label, f in (folders or {}).items()} | {str(top): "room"}
    moved |= dict(pair for _, pair in behind if pair)
    at_home = at_home if any(str(f.place).startswith(f"{at_home}/") for f in files.values()) else ""
    if at_home == "home":
        moved[str(Path.home().resolve())] = at_home
    deepest_first = tuple(sorted(moved.items(), key=lambda pair: -len(pair[0])))
    links = _links(directory, top, at_home, {f.source for f in files.values()}, skip)
    pinned = _pinned(files, always, directory) | {name for name in always if name.startswith("$")}
    return AmbientAxis(directory, top, files, suspects, base, pinned, notes, deepest_first, links, at_home)


def named_by(words: Iterable[str]) -> tuple[str, ...]:
    """What may be a path in the words of a command: the words themselves, and what follows an `=` in them."""
    return tuple(dict.fromkeys(part for word in words for part in (word, word.partition("=")[2]) if part))


def usual_home(words: Iterable[str]) -> tuple[str, ...]:
    """Globs of the files at home that programs read without being asked: those called like one of `words`."""
    names = {Path(word).stem for word in words} - {"", ".", "-"}
    told = sorted(n for n in names if n.replace("-", "").replace("_", "").isalnum() and not n.isdigit())
    own = [glob for n in told for glob in (f".{n}", f".{n}rc", f".{n}.*", f".config/{n}", f".config/{n}.*")]
    return (".*rc", ".config/*.*", *own)


def _pinned(files: Mapping[str, AmbientFile], always: Collection[str], directory: Path) -> frozenset[str]:
    """The files that `always` names; a folder that holds the working directory itself names nothing in it."""
    patterns = [name for name in always if any(mark in name for mark in "*?[")]
    named = {Path(os.path.normpath(directory / name)) for name in always if "\0" not in name}
    whole = {path for path in named if not directory.is_relative_to(path)}
    return frozenset(
        name
        for name, file in files.items()
        if name in always
        or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        or not whole.isdisjoint((file.source, *file.source.parents))
    )


def _above(directory: Path, levels: int) -> Path:
    """So many folders up, but not above the home directory, and never a place that everybody shares."""
    shared = {Path("/"), Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/home"), Path.home().parent}
    top = directory
    for parent in directory.parents[:levels]:
        if parent in shared or top == Path.home().resolve():
            break
        top = parent
    return top


def _place_of_home(root: Path) -> str:
    """Where the home directory is in a room: inside the tree where the root holds it, else beside it."""
    home = Path.home().resolve()
    return f"room/{home.relative_to(root)}" if home.is_relative_to(root) else "home"


def _each_once(files: Mapping[str, AmbientFile]) -> dict[str, AmbientFile]:
    """A file found in two ways keeps its first name."""
    places: dict[Path, str] = {}
    for name, file in files.items():
        places.setdefault(file.place, name)
    return {name: file for name, file in files.items() if places[file.place] == name}


def _links(
    directory: Path, root: Path, home: str, suspects: Collection[Path], skip: Collection[Path]
) -> tuple[tuple[str, str], ...]:
    """What lies beside the suspects in the parents and at home: linked, so that it is there in every room."""
    apart = {directory, *suspects, *skip}
    made = list(_mirrored(root, Path("room"), apart)) if directory != root else []
    if home == "home":
        made += _mirrored(Path.home().resolve(), Path("home"), apart)
    return tuple(made)


def _mirrored(real: Path, place: Path, apart: Collection[Path]) -> Iterable[tuple[str, str]]:
    """Links for everything in `real` that is not `apart`; a folder that holds such a thing is entered."""
    holding = {above for path in apart for above in path.parents}
    for entry in sorted(real.iterdir()):
        if entry in apart or entry.name in SKIPPED_FOLDERS:
            continue
        if entry in holding and not entry.is_symlink():
            yield from _mirrored(entry, place / entry.name, apart)
        else:
            yield str(entry), str(place / entry.name)


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
        fitting = [p for p in sorted(folder.iterdir()) if any(fnmatch.fnmatchcase(p.name, q) for q in patterns)]
        sources = [p for p in fitting if not p.is_dir() and p.resolve() not in skip]
        place = Path("room") / folder.relative_to(root)
        yield from _small_ones([AmbientFile(above + p.name, p, place / p.name) for p in sources], above, notes)
        if folder == root:
            break
        above += "../"


def _small_ones(files: Sequence[AmbientFile], where: str, notes: list[str]) -> Iterable[AmbientFile]:
    """Those that can be copied for every run; the others stay where they are, and a note says so."""
    if len(files) > FEW_FILES:
        notes.append(f"{len(files)} files lie in {where}: they are linked and no suspects")
        return
    for file in files:
        if not _usable(file.source, file.name, notes):
            continue
        if file.source.stat().st_size > SMALL:
            notes.append(f"{file.name} is larger than {SMALL >> 20} MiB: it is linked and no suspect")
        else:
            yield file


def _behind(
    variables: Mapping[str, str], directory: Path, root: Path, known: Collection[Path], notes: list[str]
) -> Iterable[tuple[AmbientFile, tuple[str, str] | None]]:
    """What a variable names and nothing else led to: one file or all of a small folder, and how its path moves."""
    for variable, value in variables.items():
        path = Path(value)
        if not path.is_absolute() or not path.exists() or path == Path("/") or directory.is_relative_to(path.resolve()):
            continue
        path = path.resolve()
        inside = [path] if path.is_file() else _few_below(path)
        for source in inside:
            if source in known or not source.is_file():
                continue
            if source.is_relative_to(root):
                name, place, pair = os.path.relpath(source, directory), Path("room") / source.relative_to(root), None
            else:
                name, place = str(source), Path("extra") / f"${variable}" / source.relative_to(path.parent)
                pair = (str(path), f"extra/${variable}/{path.name}")
            for file in _small_ones([AmbientFile(name, source, place)], f"${variable}", notes):
                yield file, pair


def _few_below(folder: Path) -> list[Path]:
    """All files of a small folder; of a large one, none: it is an installation and not an input."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        found += [Path(here) / name for name in sorted(names)]
        if len(found) > FEW_FILES:
            return []
    return found


def _at_home(globs: Collection[str], at: str, skip: Collection[Path], notes: list[str]) -> Iterable[AmbientFile]:
    home = Path.home().resolve()
    sources = {p for g in globs for p in home.glob(g)}
    inside = {q for p in sources for q in (_few_below(p) if p.is_dir() else (p,))}
    files = [p.relative_to(home) for p in sorted(inside) if p.resolve() not in skip]
    return _small_ones([AmbientFile(f"~/{f.as_posix()}", home / f, Path(at) / f) for f in files], "~", notes)


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
    given = environment or os.environ
    base = {k: v for k, v in given.items() if k in BASE or k.startswith("FIRSTBAD_")}
    suspects = {
        k: v for k, v in environment.items() if k not in (*BASE, *PLACES) and not k.startswith(("FIRSTBAD_", "GIT_"))
    }
    return dict(sorted(suspects.items())), base
