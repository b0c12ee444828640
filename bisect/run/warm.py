"""Warm probes: a Python command is run by a fork of a server that has imported torch and numpy already.

What differs from a cold run, by design: modules that the server has loaded are there before the program imports
them, and string hashes are the same in all probes of one server. So a culprit is confirmed by a cold run.
A command that cannot be run warm is run cold, and `Ended.note` says why.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .sandbox import KEEPER_LOST, TICKET, Command, Ended, Limits, Stop, argv_of, ended_of, specification, sweep
from .sandbox import run as run_cold

SERVER = Path(__file__).with_name("warm_server.py")
OF_IMPORTS = re.compile(r"PYTHON|LD_|DYLD_|PATH$")  # variables that decide which modules are found
OF_ONE_PROBE = ("TMPDIR", "HOME", "FIRSTBAD_COMMIT", "FIRSTBAD_TREE", "GIT_CEILING_DIRECTORIES", TICKET)
MOST = 8  # servers at a time: every other environment has one of its own
START = 120.0  # seconds that the imports may take
_PYTHON = re.compile(r"python(\d+(\.\d+)?)?$")
_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


def split_python(command: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """(Python and its options, what it runs) of `python [options] -m mod|-c code|script …`; None for others."""
    if not _PYTHON.match(Path(command[0]).name):
        return None
    at = 1
    while at < len(command) and command[at].startswith("-") and command[at] not in ("-m", "-c", "-"):
        at += 2 if command[at] in _WITH_VALUE else 1
    rest = list(command[at:])
    if not rest or rest[0] == "-" or (rest[0] in ("-m", "-c") and len(rest) < 2):
        return None
    options = command[1:at]
    if any(re.match(r"-[A-Za-z]*[imcVh]", option) and option[:2] not in ("-W", "-X") for option in options):
        return None
    return list(command[:at]), rest


class Server:
    """One fork server. `start` returns "" or why it cannot be used."""

    def __init__(self, python: Sequence[str], modules: Sequence[str], env: Mapping[str, str]) -> None:
        self.python, self.modules, self.env = list(python), list(modules), dict(env)
        self._mutex = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._starter: threading.Thread | None = None
        self._place = ""
        self.trouble = ""

    @property
    def pid(self) -> int:
        """Its process, 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def begin(self) -> None:
        """Start it in the background if it does not run."""
        with self._mutex:
            if self._starter is None:
                self._starter = threading.Thread(target=self._begin, name="warm-server")
                self._starter.start()

    def ready(self) -> str:
        """Start it and wait for its imports; "" or why it cannot be used."""
        self.begin()
        assert self._starter is not None
        self._starter.join()
        return self.trouble

    def _begin(self) -> None:
        self.trouble = self._start()

    def _start(self) -> str:
        ours, theirs = socket.socketpair()
        self._place = tempfile.mkdtemp(prefix="firstbad-warm-")
        self.control = ours
        command = [*self.python, str(SERVER), ",".join(self.modules)]
        with theirs, contextlib.ExitStack() as stack:
            null = stack.enter_context(Path(os.devnull).open("wb"))
            try:
                self._process = subprocess.Popen(
                    command, stdin=theirs.fileno(), stdout=null, stderr=null, cwd=self._place, env=self.env,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as exc:
                return f"{self.python[0]} could not be started: {exc.strerror}"
        ours.settimeout(START)
        try:
            answer = json.loads(_line(ours) or b'{"failed": "it ended at once"}')
        except TimeoutError:
            answer = {"failed": f"the imports took longer than {START:g} s"}
        ours.settimeout(None)
        return "" if "ready" in answer else f"the server for {', '.join(self.modules)} said: {answer['failed']}"

    def connect(self) -> socket.socket:
        """A connection of its own for one probe; OSError where the server is gone."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._mutex:
                socket.send_fds(self.control, [b"x"], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        return ours

    def close(self) -> None:
        """End it; its running probes end with their own connections."""
        if self._starter is not None:
            if self._starter.is_alive() and self._process is not None:
                self._process.kill()
            self._starter.join()
        with self._mutex:
            if self._process is not None:
                self.control.close()
                try:
                    self._process.wait(timeout=5)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
            if self._place:
                shutil.rmtree(self._place, ignore_errors=True)
            self._process, self.trouble = None, "closed"


_servers: dict[tuple[Any, ...], Server] = {}
_mutex = threading.Lock()


def server_for(
    python: Sequence[str], modules: Sequence[str], env: Mapping[str, str], place: Path | None = None
) -> Server:
    """The server for this Python, these modules and this environment; not started yet if it is new.

    Environments that differ only in the `place` that a run has for itself are one unless that decides what is imported.
    Beyond `MOST` the one that was used longest ago is ended: each holds its modules in memory.
    """
    stable = {k: v for k, v in env.items() if k not in OF_ONE_PROBE}
    alike = {k: _without(place, k, v) for k, v in stable.items()}
    key = (tuple(python), tuple(modules), tuple(sorted(alike.items())))
    with _mutex:
        server = _servers[key] = _servers.pop(key, None) or Server(python, modules, stable)
        oldest = _servers.pop(next(iter(_servers))) if len(_servers) > MOST else None
    if oldest is not None:
        oldest.close()
    return server


def _without(place: Path | None, name: str, value: str) -> str:
    return value if place is None or OF_IMPORTS.match(name) else value.replace(str(place), "{place}")


def close_all() -> None:
    """End every server of this process."""
    with _mutex:
        servers = list(_servers.values())
        _servers.clear()
    for server in servers:
        server.close()


def words_of(command: Command) -> list[str] | None:
    """The words of a command, also of a shell string in which the shell has nothing to do; else None."""
    if not isinstance(command, str):
        return list(command)
    return None if set(command) & set("|&;<>()$`\\\n*?[]#~=%!{}") else shlex.split(command)


def run(
    command: Command,
    *,
    modules: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    out: Path,
    limits: Limits,
    stop: Stop | None = None,
    place: Path | None = None,
) -> Ended:
    """As sandbox.run, warm where it can be; else cold with a `note`. `place` is a folder that only this run has."""
    order = _Order(command, tuple(modules), cwd, env, out, limits, stop or Stop(), place)
    ended, why = _warm(order)
    if ended is not None:
        return ended
    cold = run_cold(command, cwd=cwd, env=env, out=out, limits=limits, stop=stop)
    return replace(cold, note=f"run cold: {why}")


@dataclass(frozen=True, slots=True)
class _Order:
    command: Command
    modules: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    out: Path
    limits: Limits
    stop: Stop
    place: Path | None


def _warm(order: _Order) -> tuple[Ended | None, str]:
    """The warm run, or None and why not."""
    server, rest = _server_of(order.command, order.modules, order.env, order.place)
    if server is None:
        return None, rest[0]
    why = server.ready()
    if why:
        return None, why
    try:
        connection = server.connect()
    except OSError:
        _forget(server)
        return None, "the fork server was gone"
    return _asked(order, rest, connection, server)


def _server_of(
    command: Command, modules: Sequence[str], env: Mapping[str, str], place: Path | None = None
) -> tuple[Server | None, list[str]]:
    """The server for a command and what it shall run; None and why there can be none."""
    words = words_of(command)
    split = split_python(words) if words else None
    if split is None:
        return None, ["the command is no plain `python [options] -m MODULE|-c CODE|SCRIPT`"]
    python, rest = split
    found = shutil.which(python[0], path=env.get("PATH"))
    if found is None or not hasattr(socket, "send_fds"):
        return None, [f"{python[0]} was not found"]
    return server_for([found, *python[1:]], modules, env, place), rest


def expect(command: Command, modules: Sequence[str], env: Mapping[str, str]) -> None:
    """Let the server for such a command begin its imports in the background, if it has not."""
    server, _ = _server_of(command, modules, env)
    if server is not None:
        server.begin()


def _asked(order: _Order, rest: list[str], connection: socket.socket, server: Server) -> tuple[Ended | None, str]:
    order.out.mkdir(parents=True, exist_ok=True)
    ticket = uuid.uuid4().hex
    spec = specification(argv_of(order.command), order.cwd, {**order.env, TICKET: ticket}, order.out, order.limits)
    spec["python_argv"] = rest
    begun = time.monotonic()

    def end() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)

    with connection, connection.makefile("rb") as answers, order.stop.listening(end):
        with contextlib.suppress(OSError):
            connection.sendall(json.dumps(spec).encode() + b"\n")
        first = answers.readline()
        if not first and order.stop.asked:  # before it was read: the server is well, and its imports were dear
            return replace(ended_of(spec, b"{}", time.monotonic() - begun, warm=True), cancelled=True), ""
        if not first:
            _forget(server)
            return None, "the fork server was gone"
        refused = json.loads(first).get("refused")
        if refused:
            return None, refused
        answer = answers.readline()
    if not answer:
        sweep(ticket)
        return replace(ended_of(spec, b"", time.monotonic() - begun, warm=True), problem=KEEPER_LOST), ""
    return ended_of(spec, answer, time.monotonic() - begun, warm=True), ""


def _forget(server: Server) -> None:
    """A server that died is replaced by a new one at the next probe."""
    with _mutex:
        for key in [k for k, s in _servers.items() if s is server]:
            del _servers[key]
    server.close()


def _line(connection: socket.socket) -> bytes:
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        data = connection.recv(4096)
        if not data:
            return b""
        parts.append(data)
    return b"".join(parts)


def servers() -> list[int]:
    """Pids of the running servers of this process."""
    with _mutex:
        return [server.pid for server in _servers.values() if server.pid]
