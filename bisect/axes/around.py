"""Where a run stood when it failed, as plain data: what to look around for again when its search is resumed.

The journal keeps no value of a variable and no content of a file, only their digests: an environment may hold secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..run.cache import is_volatile
from ..run.sandbox import clean_environment
from .ambient import AmbientAxis
from .survey import survey


@dataclass(frozen=True, slots=True)
class Around:
    """A directory and how far around it to look; the fields are those of `survey`, variables are the present ones."""

    directory: str
    parents: int = 0
    patterns: tuple[str, ...] = ("*",)
    home: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    always: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def look(self, aside: Iterable[Path] = ()) -> AmbientAxis:
        """The axis, as things are now; what lies `aside` (our own output) is left out."""
        return survey(
            Path(self.directory),
            parents=self.parents,
            patterns=self.patterns,
            home=self.home,
            folders={label: Path(path) for label, path in self.folders},
            variables=clean_environment(),
            always=self.always,
            exclude=[*(Path(path) for path in self.exclude), *aside],
        )

    def as_dict(self) -> dict[str, Any]:
        """For the header of a journal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Around:
        """What `as_dict` wrote."""
        folders = tuple((str(label), str(path)) for label, path in data["folders"])
        lists = {k: tuple(data[k]) for k in ("patterns", "home", "always", "exclude")}
        return cls(str(data["directory"]), int(data["parents"]), folders=folders, **lists)


def digests(axis: AmbientAxis) -> dict[str, str]:
    """Name -> digest of what every file and variable holds, those of the base too: an answer depends on them.

    What tells of a terminal is there without its value: a search may be resumed from another one.
    """
    files = {name: digest_of(file.source) for name, file in axis.files.items()}
    given = {k: v for k, v in {**axis.base, **axis.variables}.items() if not k.startswith("FIRSTBAD_")}
    return files | {f"${k}": "" if is_volatile(k) else _digest(v) for k, v in given.items()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def digest_of(path: Path) -> str:
    """Of the content of one file; "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
