"""What surrounds a run as points: files that happen to lie there, and environment variables.

The failure was seen in a directory, with an environment. A subset of it is stood on by building a clean room:
a new directory with copies of just those files, and an environment with just those variables over a small
base. The room keeps the shape of the tree from `root` down, so `../params.txt` still works; a path that a
chosen variable holds is rewritten to lead into the room. What is no suspect in a parent folder or at home is
linked, so that a program finds there what it always finds.

A file is called by its path relative to the working directory (`Fdump.bin`, `../params.txt`), one of the home
directory `~/.config/x`, one of another folder `label:path`, one that only a variable names by its whole path, a
variable `$NAME`. The locale is variables.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...tracer.errors import FirstbadError
from ..search.subsets import SubsetSearch


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
    pairs each folder outside with its place in a room, `links` what is no suspect with the place of its link.
    `home` is the place of the home directory in a room, "" where nothing at home is a suspect.
    """

    directory: Path
    root: Path
    files: dict[str, AmbientFile]
    variables: dict[str, str]
    base: dict[str, str]
    always: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list[str])
    moved: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    home: str = ""

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
        for folder in (self.working(into), into / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for source, place in self.links:
            (into / place).parent.mkdir(parents=True, exist_ok=True)
            (into / place).symlink_to(source)
        for name, file in self.files.items():
            if name in wanted:
                _copy(file, into)
        home = str(into / self.home) if self.home else str(Path.home())
        environment = {**self.base, "HOME": home, "TMPDIR": str(into / "tmp")}
        for name, value in self.variables.items():
            if "$" + name in wanted:
                environment[name] = self.relocate(value, into)
        return environment

    def only(self, kind: str) -> AmbientAxis:
        """The same surroundings with just "files" or just "variables" suspected; the rest is always there."""
        mine = set(self.files) if kind == "files" else {"$" + v for v in self.variables}
        return replace(self, always=frozenset({*self.always, *(p for p in self.points if p not in mine)}))

    def without_files(self) -> AmbientAxis:
        """The same surroundings in which no suspected file lies anywhere."""
        return replace(self, files={}, always=self.always - set(self.files))

    def named(self, paths: Iterable[Path], into: Path) -> list[str]:
        """The points whose files lie at `paths` in the room `into`, each once, in that order."""
        places = {(into / file.place).resolve(): name for name, file in self.files.items()}
        return list(dict.fromkeys(places[r] for p in paths if (r := p.resolve()) in places))

    def relocate(self, text: str, into: Path) -> str:
        """`text` with every path of the root and the extra folders led into the room."""
        return _led(text, {outside: str(into / inside) for outside, inside in self.moved})


def _copy(file: AmbientFile, into: Path) -> None:
    target = into / file.place
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(file.source, target)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FirstbadError(
                f"the disk that holds {into} is full",
                remedy="Free some space there, or name another place in TMPDIR, then resume: what was probed is kept",
                slug="disk-full",
            ) from None
        raise FirstbadError(
            f"{file.name} cannot be copied into a clean room: {problem.strerror}",
            remedy="It was there when the search began; put it back or leave it out, then resume",
            slug="ambient-vanished",
        ) from None


def _led(text: str, moved: Mapping[str, str]) -> str:
    """Replace each path of `moved` where it is a whole path or the beginning of one, the first that fits.

    In one pass: what was put in may itself lie in one of them (a room inside the directory that it copies).
    """
    if not moved:
        return text
    anyone = "|".join(re.escape(path) for path in moved)
    return re.sub(rf"(?:(?<=[:;,= ])|^)(?:{anyone})(?=[/:;, ]|$)", lambda found: moved[found.group()], text)
