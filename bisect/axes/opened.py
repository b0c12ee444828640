"""Which files a run opened, where the platform can tell: strace for any program, an audit hook for Python.

Access times are not used: file systems rarely keep them. Where neither way works the answer is "unknown",
said so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ambient import AmbientAxis

_LINE = re.compile(r"^(?:(?P<pid>\d+)\s+)?(?P<call>\w+)\((?P<args>.*)\)\s+= (?P<value>-?\d+)")
_RESUMED = re.compile(r"^(?:(?P<pid>\d+)\s+)?<\.\.\. \w+ resumed>(?P<rest>.*)$")
_PATH = re.compile(r'(?P<dir>AT_FDCWD|-?\d+)?(?:<(?P<at>[^>]*)>)?(?:, )?"(?P<path>(?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_CALLS = "open,openat,openat2,creat,chdir,fchdir,clone,clone3,fork,vfork"

_HOOK = '''\
"""Notes every file that this Python opens; put here by firstbad for one run."""
import os, sys

def _watch():
    log = os.open(os.environ["FIRSTBAD_OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    writing = os.O_WRONLY | os.O_RDWR

    def hook(event, args):
        if event == "open" and isinstance(args[0], (str, bytes)):
            path = os.path.abspath(os.fsdecode(args[0]))
            flags = args[2] if isinstance(args[2], int) else 0
            word = "w" if flags & writing else "r" if os.path.exists(path) else "m"
            os.write(log, os.fsencode(word + path.replace("\\n", "?") + "\\n"))

    sys.addaudithook(hook)

_watch()
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _here]
del sys.modules["sitecustomize"]
try:
    import sitecustomize  # the one that would have run without us
except ImportError:
    pass
'''


@dataclass(frozen=True, slots=True)
class Opened:
    """One file that a run opened; `how` is read, written, or missing (asked for, but not there)."""

    path: Path
    how: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A command to run instead, its environment, and where to look afterwards. `way` is empty where nothing
    can tell.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    way: str
    why: str
    _log: Path
    _start: Path

    def opened(self) -> list[Opened] | None:
        """What the run opened, first use first; None for unknown (also where the program wrote no log)."""
        try:
            text = self._log.read_text(errors="surrogateescape")
        except OSError:
            return None
        found = parse_strace(text, self._start) if self.way == "strace" else _parse_hook(text)
        return list(dict.fromkeys(found))


def watch(
    command: Sequence[str],
    environment: Mapping[str, str],
    start: Path,
    notes: Path,
    *,
    tracing: bool = True,
) -> Watch:
    """Wrap `command`, to be started in `start`, so that its opened files are noted under the folder `notes`.

    `tracing=False` forbids strace, which slows a program that opens many files.
    """
    notes.mkdir(parents=True, exist_ok=True)
    log = notes / "opened.log"
    log.unlink(missing_ok=True)
    if tracing and strace_works():
        traced = ("strace", "-f", "-qq", "-y", "-e", f"trace={_CALLS}", "-o", str(log), "--", *command)
        return Watch(traced, environment, "strace", "strace tells which files are opened", log, start)
    if command and re.fullmatch(r"(python|pypy)[\d.]*(\.exe)?", Path(command[0]).name):
        folder = notes / "hook"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(_HOOK)
        path = os.pathsep.join(filter(None, [str(folder), environment.get("PYTHONPATH", "")]))
        watched = {**environment, "PYTHONPATH": path, "FIRSTBAD_OPENED": str(log)}
        return Watch(tuple(command), watched, "audit", "Python's audit hook tells which files are opened", log, start)
    why = "unknown which files it opens: strace is not there or may not trace, and it is no Python program"
    return Watch(tuple(command), environment, "", why, log, start)


@cache
def strace_works() -> bool:
    """Whether strace is installed and allowed to trace (containers often forbid it)."""
    if shutil.which("strace") is None:
        return False
    try:
        done = subprocess.run(
            ["strace", "-f", "-qq", "-y", "-e", "trace=openat", "-o", os.devnull, "--", "true"],
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def undeclared(
    opened: Iterable[Opened], arguments: Sequence[str], axis: AmbientAxis, into: Path, side: str = "the program"
) -> dict[str, str]:
    """Sentences about files of the room `into` that were read though no argument names them, by point."""
    seen = list(opened)
    own = {one.path.resolve() for one in seen if one.how == "written"}
    read = axis.named((o.path for o in seen if o.how == "read" and o.path.resolve() not in own), into)
    named = {Path(word.rpartition("=")[2]).name for word in arguments}
    return {point: f"{side} read {point}, which no argument names" for point in read if Path(point).name not in named}


def parse_strace(text: str, start: Path) -> list[Opened]:
    """Read the log of `strace -f -y -o`; relative paths count from each process's own directory, first
    `start`.
    """
    where: dict[str, Path] = {}
    halves: dict[str, str] = {}
    found: list[Opened] = []
    for raw in text.splitlines():
        line = raw
        resumed = _RESUMED.match(line)
        if resumed:
            line = halves.pop(resumed["pid"] or "", "") + resumed["rest"]
        elif line.endswith(" <unfinished ...>"):
            halves[line.split(" ", 1)[0] if line[:1].isdigit() else ""] = line.removesuffix(" <unfinished ...>")
            continue
        match = _LINE.match(line)
        if match:
            _note(match, where, start, found)
    return found


def _note(match: re.Match[str], where: dict[str, Path], start: Path, found: list[Opened]) -> None:
    pid, call, args, value = match["pid"] or "", match["call"], match["args"], int(match["value"])
    here = where.get(pid, start)
    if call in ("clone", "clone3", "fork", "vfork"):
        if value > 0:
            where[str(value)] = here
        return
    path = _path(args, here)
    if call == "fchdir" and value == 0:
        where[pid] = Path(args[args.find("<") + 1 : args.rfind(">")])
    elif path is not None and call == "chdir":
        where[pid] = path if value == 0 else here
    elif path is not None and value >= 0:
        writes = call == "creat" or "O_WRONLY" in args or "O_RDWR" in args
        found.append(Opened(path, "written" if writes else "read"))
    elif path is not None:
        found.append(Opened(path, "missing"))


def _path(args: str, here: Path) -> Path | None:
    match = _PATH.match(args)
    if match is None:
        return None
    at = match["at"] if match["dir"] not in (None, "AT_FDCWD") else None
    return Path(os.path.normpath((Path(at) if at else here) / _unescaped(match["path"])))


def _unescaped(text: str) -> str:
    def plain(m: re.Match[bytes]) -> bytes:
        octal, hexa, letter = m.groups()
        if letter is not None:
            return _LETTERS.get(letter, letter)
        return bytes([int(octal, 8) if octal else int(hexa, 16)])

    return os.fsdecode(_ESCAPE.sub(plain, text.encode("utf-8", "surrogateescape")))


def _parse_hook(text: str) -> list[Opened]:
    words = {"r": "read", "w": "written", "m": "missing"}
    return [Opened(Path(line[1:]), words[line[0]]) for line in text.splitlines() if line[:1] in words]
