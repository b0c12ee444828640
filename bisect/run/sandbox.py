"""Run one command in its own corner: chosen directory and environment, bounded time, memory and output.

Nothing survives it. A keeper process (keeper.py) stands between us and the command; it is told to kill
everything when the command ends, when its time is over, when somebody cancels, and also when we die.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

KEEPER = Path(__file__).with_name("keeper.py")
TICKET = "FIRSTBAD_PROBE"
Command = str | Sequence[str]
KEEPER_LOST = "the process that watched this probe was killed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a probe may use: seconds of wall time, bytes of memory per process, bytes kept of each output.

    `memory` is RLIMIT_AS: it bounds each process of the probe on its own and counts address space, so give a
    program that maps much (torch maps about 10 GB) room. `file_size` is RLIMIT_FSIZE.
    """

    seconds: float | None = 600.0
    memory: int | None = None
    output: int = 16 << 20
    file_size: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `code` is negative for a signal and None where it did not end on its own.

    `problem` is a sentence when the sandbox, not the command, is the cause (disk full, command not found).
    `survivors` counts processes that were still alive after the command had ended, and were killed. `note` says
    what else a person should know, such as why a warm probe was run cold.
    """

    code: int | None
    seconds: float
    stdout: str
    stderr: str
    timed_out: bool = False
    cancelled: bool = False
    problem: str = ""
    survivors: int = 0
    peak_mib: float = 0.0
    warm: bool = False
    note: str = ""

    def text(self, stream: str = "stdout", limit: int = 32 << 20) -> str:
        """What was kept of "stdout" or "stderr" (at most the last `limit` bytes); empty where it is gone."""
        path = Path(self.stdout if stream == "stdout" else self.stderr)
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - limit))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal and the cache."""
        return asdict(self)


class Stop:
    """A request to end, which a running probe listens to. Thread-safe; asking twice is fine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._calls: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked

    def ask(self) -> None:
        """Ask for the end: everybody who listens is called once."""
        with self._lock:
            calls, self._calls, self._asked = self._calls, [], True
        for call in calls:
            call()

    @contextlib.contextmanager
    def listening(self, call: Callable[[], None]) -> Generator[None]:
        """While the block runs, `call` is called when the end is asked for (at once if it already was)."""
        with self._lock:
            late = self._asked
            if not late:
                self._calls.append(call)
        if late:
            call()
        try:
            yield
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._calls.remove(call)


def clean_environment(extra: Mapping[str, str] | None = None, *, only: Sequence[str] | None = None) -> dict[str, str]:
    """The environment of a probe: ours (or just the names in `only`) without what would lead it astray.

    GIT_DIR and its kin would point a probe's git at the user's repository; PYTHONPYCACHEPREFIX keeps bytecode
    outside the worktree, where that of another commit is taken for fresh.
    """
    source = dict(os.environ) if only is None else {k: os.environ[k] for k in only if k in os.environ}
    env = {k: v for k, v in source.items() if not k.startswith("GIT_") and k != "PYTHONPYCACHEPREFIX"}
    env.update(extra or {})
    return env


def argv_of(command: Command) -> list[str]:
    """A string goes to the shell, a list is run as it is."""
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)


def run(
    command: Command,
    *,
    cwd: Path,
    env: Mapping[str, str],
    out: Path,
    limits: Limits | None = None,
    stop: Stop | None = None,
) -> Ended:
    """Run `command` in `cwd` and wait for its end; its outputs are kept as out/stdout and out/stderr.

    Never raises for what the command does. A cancelled run has `cancelled` set.
    """
    out.mkdir(parents=True, exist_ok=True)
    ticket = uuid.uuid4().hex
    spec = specification(argv_of(command), cwd, {**env, TICKET: ticket}, out, limits or Limits())
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(KEEPER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # a Ctrl-C in the terminal is for the driver, which ends its probes in order
    )
    assert keeper.stdin is not None and keeper.stdout is not None
    end = _Closing(keeper.stdin)
    begun = time.monotonic()
    try:
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.write(json.dumps(spec).encode() + b"\n")
            keeper.stdin.flush()
        with (stop or Stop()).listening(end):
            answer = keeper.stdout.readline()
    finally:
        end()
        keeper.stdout.close()
        keeper.wait()
    if not answer:
        sweep(ticket)
    return ended_of(spec, answer, time.monotonic() - begun)


class _Closing:
    """Closes the control pipe, once: that is how a keeper is told to end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def __call__(self) -> None:
        """Close it."""
        with self._lock, contextlib.suppress(OSError):
            self._pipe.close()


def specification(argv: Sequence[str], cwd: Path, env: Mapping[str, str], out: Path, limits: Limits) -> dict[str, Any]:
    """What a keeper is told."""
    return {
        "argv": list(argv),
        "cwd": str(cwd),
        "env": dict(env),
        "stdout": str(out / "stdout"),
        "stderr": str(out / "stderr"),
        **asdict(limits),
    }


def ended_of(spec: Mapping[str, Any], answer: bytes, seconds: float, *, warm: bool = False) -> Ended:
    """Make the keeper's answer an Ended; an empty one says that the keeper itself was killed."""
    if not answer:
        said: dict[str, Any] = {"code": None, "problem": KEEPER_LOST}
    else:
        said = json.loads(answer)
    return Ended(
        code=said.get("code"),
        seconds=round(float(said.get("seconds", seconds)), 6),
        stdout=str(spec["stdout"]),
        stderr=str(spec["stderr"]),
        timed_out=bool(said.get("timed_out")),
        cancelled=bool(said.get("cancelled")),
        problem=said.get("problem") or _problem(spec, said),
        survivors=int(said.get("survivors", 0)),
        peak_mib=round(said.get("peak_kib", 0) / 1024, 1),
        warm=warm,
    )


def _problem(spec: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """A sentence where the command never got a fair start or its output could not be kept."""
    program = spec["argv"][0]
    start = said.get("start_error", 0)
    if start == errno.ENOENT:
        where = "" if Path(spec["cwd"]).is_dir() else f" (its directory {spec['cwd']} does not exist)"
        return f"the command '{program}' was not found{where}"
    if start:
        return f"the command '{program}' could not be started: {os.strerror(start)}"
    trouble = said.get("write_error") or said.get("keeper_error")
    if trouble == errno.ENOSPC:
        return f"the disk that holds {Path(spec['stdout']).parent} is full"
    return f"the output of the probe could not be kept: {os.strerror(trouble)}" if trouble else ""


def sweep(ticket: str) -> int:
    """Kill every process that carries `ticket` in its environment: needed where the keeper was killed."""
    mark = f"{TICKET}={ticket}".encode()
    killed = 0
    for _ in range(20):
        found = [pid for pid, environ in _environments() if mark in environ.split(b"\0")]
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(0.02)
    return killed


def _environments() -> Iterator[tuple[int, bytes]]:
    proc = Path("/proc")
    for entry in proc.iterdir() if proc.is_dir() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "environ").read_bytes()


def disk_is_full(path: Path, need: int = 1 << 20) -> bool:
    """Whether fewer than `need` bytes are free where `path` lies: then a failing command proves nothing."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free < need
    except OSError:
        return False
