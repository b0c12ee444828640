"""One attempt in a clean room of the ambient axis: chosen files and variables, a command, nothing else.

Rooms lie in the system's temporary directory, not at home: a program that looks upwards must not find the user's
files there. Each has a lock that dies with its holder, so what a crash leaves is removed when the next one is built.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..axes.ambient import AmbientAxis
from ..axes.around import digest_of
from ..axes.opened import undeclared, watch
from . import cache
from .attempt import Attempt, filled
from .locks import Lock
from .probe import Probe
from .sandbox import Command, Stop, argv_of, run
from .worktrees import remove_tree

WATCHED = "watched.json"
_PREFIX = "firstbad-room-"


@dataclass(frozen=True, slots=True)
class RoomOrder:
    """What a worker needs to run a command among the points `chosen` of `axis`; plain data.

    `inputs` are the digests of all points and of the base. `fresh` runs even where an earlier result is known. With
    `watch` what the run opens is noted in the file WATCHED of its output: {"hints": names, "said": name -> sentence}.
    """

    home: str
    out: str
    axis: AmbientAxis
    chosen: frozenset[str]
    probe: Probe
    inputs: Mapping[str, str]
    fresh: bool = False
    ticket: str = ""
    watch: bool = False

    def carry_out(self, out: Path, stop: Stop) -> Attempt:
        """Build the room, run the command there, keep its output."""
        key = "" if self.fresh or self.watch else self.key()
        if key and (known := cache.find(Path(self.home), key, out)) is not None:
            return Attempt(known, cached=True)
        (out / "kept").mkdir(parents=True, exist_ok=True)
        with room() as place:
            environment = {**self.axis.stand(self.chosen, place), **self.probe.env}
            folder = self.axis.working(place)
            command = filled(self.probe.command, {"out": str(out / "kept"), "tree": str(folder)})
            if self.watch:
                return self._watched(argv_of(command), environment, place, out, stop)
            ended = run(command, cwd=folder, env=environment, out=out, limits=self.probe.limits, stop=stop)
        if (key := self.key()) and self._unchanged():
            cache.keep(Path(self.home), key, ended, out)
        return Attempt(ended)

    def key(self) -> str:
        """The name of this result across searches; "" where something is only linked: nobody knows its content."""
        if self.axis.links:
            return ""
        env = {**self.axis.base, **{k: v for k, v in self.axis.variables.items() if "$" + k in self._present}}
        said = cache.about(self.probe, env)
        if said is None:
            return ""
        files = [(str(f.place), self.inputs[n]) for n, f in sorted(self.axis.files.items()) if n in self._present]
        files += [(w, digest_of(Path(w))) for w in _words(self.probe.command) if Path(w).is_absolute()]
        room = {"files": files, "home": self.axis.home or str(Path.home()), "env": {**env, **self.probe.env}}
        return cache.name_of({**said, "room": room})

    @property
    def _present(self) -> frozenset[str]:
        return self.chosen | self.axis.always

    def _unchanged(self) -> bool:
        """Whether the files still hold what they did when the search began: only then the key tells the truth."""
        return all(digest_of(f.source) == self.inputs[n] for n, f in self.axis.files.items() if n in self._present)

    def _watched(self, argv: list[str], env: dict[str, str], place: Path, out: Path, stop: Stop) -> Attempt:
        folder = self.axis.working(place)
        seen = watch(argv, env, folder, out / "watch")
        ended = run(seen.command, cwd=folder, env=seen.environment, out=out, limits=self.probe.limits, stop=stop)
        opened = seen.opened() or []
        hints = self.axis.named([o.path for o in opened if o.how == "read"], place)
        said = undeclared(opened, _words(argv), self.axis, place, "the command")
        (out / WATCHED).write_text(json.dumps({"hints": hints, "said": said}))
        return Attempt(ended)


def _words(command: Command) -> list[str]:
    return (command if isinstance(command, str) else " ".join(command)).split()


@contextlib.contextmanager
def room() -> Generator[Path]:
    """A new empty directory for the length of the block."""
    top = Path(tempfile.gettempdir()).resolve()
    _remove_stale(top)
    place = top / f"{_PREFIX}{uuid.uuid4().hex[:12]}"
    lock = Lock(place.with_suffix(".lock"))
    lock.take()
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        remove_tree(place)
        lock.drop(remove=True)


def _remove_stale(top: Path) -> None:
    for left in top.glob(f"{_PREFIX}*.lock"):
        with contextlib.suppress(OSError):
            lock = Lock(left)
            if left.stat().st_uid == os.getuid() and lock.take():
                remove_tree(left.with_suffix(""))
                lock.drop(remove=True)
