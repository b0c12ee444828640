"""Stands between the driver and one probe, so that nothing of the probe survives it.

A small process of its own, standard library only, started by path: any Python from 3.9 can run it, also one
where firstbad is not installed. It reads one JSON line from its standard input, starts the command in a
session of its own under the asked limits, keeps both outputs within bounds, and answers with one JSON line.
When its input ends (the driver cancelled, or was killed with -9) it kills everything. On Linux it is a
*subreaper*: a process that forked twice and left the session is handed to it by the kernel, found, and
killed as well.
"""

# pathlib would double the start-up time of every probe
# ruff: noqa: PTH123, PTH208
from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

CHUNK = 65536
GRACE = 0.3  # seconds between asking a group to end and killing it
SWEEP = 5.0  # seconds after which a process that cannot be killed (uninterruptible sleep) is given up
LINUX = sys.platform.startswith("linux")
Spec = dict[str, Any]
Body = Callable[[Spec], None]

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> None:
    """Linux's prctl; elsewhere nothing, and the process group alone has to do."""
    if LINUX:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


class Sink:
    """One output stream in a file: its beginning and its end where it is longer than `limit` bytes."""

    def __init__(self, path: str, limit: int) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self.head, self.room = max(1, limit // 2), max(1, limit - limit // 2)
        self.written, self.kept, self.dropped = 0, 0, 0
        self.tail: deque[bytes] = deque()
        self.error = 0

    def write(self, data: bytes) -> None:
        """Take one chunk; what the file may not hold waits in `tail`, of which the oldest is dropped."""
        first, rest = data[: self.head - self.written], data[self.head - self.written :]
        if first:
            self._put(first)
            self.written += len(first)
        if rest:
            self.tail.append(rest)
            self.kept += len(rest)
            while self.kept - len(self.tail[0]) >= self.room:
                gone = len(self.tail.popleft())
                self.kept -= gone
                self.dropped += gone

    def _put(self, data: bytes) -> None:
        while data and not self.error:
            try:
                data = data[os.write(self.fd, data) :]
            except OSError as exc:
                self.error = exc.errno or errno.EIO

    def close(self) -> None:
        """Write the tail, and between head and tail how much is missing."""
        if self.dropped:
            self._put(b"\n[firstbad: %d bytes left out here]\n" % self.dropped)
        for part in self.tail:
            self._put(part)
        with contextlib.suppress(OSError):
            os.close(self.fd)


def set_limits(spec: Spec) -> None:
    """Memory is RLIMIT_AS, so per process and of address space; no core files."""
    import resource

    wanted = {resource.RLIMIT_CORE: 0}
    if spec.get("memory"):
        wanted[resource.RLIMIT_AS] = spec["memory"]
    if spec.get("file_size"):
        wanted[resource.RLIMIT_FSIZE] = spec["file_size"]
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (soft, soft))


def execute(spec: Spec) -> None:
    """The cold way to run a probe: become the command. Does not return."""
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])


def start(spec: Spec, body: Body, control: int) -> tuple[int, int, int, int]:
    """Fork the probe; returns (pid, stdout, stderr, failure): three pipes, the last tells a failed start."""
    out_r, out_w = os.pipe()
    err_r, err_w = os.pipe()
    bad_r, bad_w = os.pipe()  # pipes are close-on-exec: a successful exec closes it without a word
    pid = os.fork()
    if pid:
        os.set_blocking(bad_r, False)
        for fd in (out_w, err_w, bad_w):
            os.close(fd)
        return pid, out_r, err_r, bad_r
    try:
        os.setsid()
        os.close(control)  # else a forked probe would keep the driver waiting for a keeper that died
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0) if null else os.set_inheritable(0, True)  # the control channel's number is free again
        os.dup2(out_w, 1)
        os.dup2(err_w, 2)
        os.chdir(spec["cwd"])
        set_limits(spec)
        body(spec)
    except OSError as exc:
        os.write(bad_w, str(exc.errno or errno.EIO).encode())
        os._exit(126 if exc.errno in (errno.EACCES, errno.ENOEXEC) else 127)
    os._exit(0)


def parents() -> dict[int, tuple[int, bytes]]:
    """pid -> (parent, state) of every process, from /proc; empty where there is none."""
    table: dict[int, tuple[int, bytes]] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with (
                    contextlib.suppress(OSError, IndexError, ValueError),
                    open(f"/proc/{name}/stat", "rb") as file,
                ):
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
                    table[int(name)] = (int(parent), state)
    return table


def descendants(root: int) -> list[int]:
    """Every living process below `root`, zombies left out."""
    table = parents()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        queue += below
        found += [pid for pid in below if table[pid][1] not in (b"Z", b"X")]
    return found


def kill_all(group: int, main_reaped: bool) -> int:
    """Kill the probe's group and whatever else came from it; returns how many were still alive."""
    alive = descendants(os.getpid())
    outlived = len(alive)
    deadline = time.monotonic() + SWEEP
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if not main_reaped or not LINUX:  # a reaped leader's number may belong to somebody else by now
            os.killpg(group, signal.SIGKILL)
    while time.monotonic() < deadline:
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        alive = descendants(os.getpid())
        if not alive:
            break
        time.sleep(0.005)
    return outlived


def _awake(_number: int, _frame: object) -> None:
    """A handler has to exist for the wake-up pipe to be written."""


class Watch:
    """The loop around one running probe: its pipes, the control channel, its end, its time."""

    def __init__(self, spec: Spec, control: int, body: Body) -> None:
        self.spec, self.control = spec, control
        self.wake_r, self.wake_w = os.pipe()
        os.set_blocking(self.wake_w, False)
        signal.signal(signal.SIGCHLD, _awake)
        signal.set_wakeup_fd(self.wake_w, warn_on_full_buffer=False)
        self.sinks = [Sink(spec[name], spec["output"]) for name in ("stdout", "stderr")]
        self.begun = time.monotonic()
        self.pid, out, err, self.failure = start(spec, body, control)
        self.open = {out: self.sinks[0], err: self.sinks[1]}
        self.status: int | None = None
        self.timed_out, self.cancelled = False, False

    def run(self) -> dict[str, Any]:
        """Until the probe ends, is stopped, or its time is over; then nothing of it is left."""
        end = self.begun + (self.spec.get("seconds") or 1e9)
        while self.status is None:
            if time.monotonic() >= end:
                self.timed_out = True
                break
            if self.pump(min(end - time.monotonic(), 3600.0)):
                self.cancelled = True
                break
            self.reap()
        seconds = time.monotonic() - self.begun
        if self.status is None:
            self.ask_to_end()
        survivors = kill_all(self.pid, self.status is not None)
        self.drain()
        return self.answer(seconds, survivors)

    def pump(self, timeout: float) -> bool:
        """Wait for something and move output into the sinks; True when the driver wants an end."""
        ready, _, _ = select.select([*self.open, self.wake_r, self.control], [], [], max(0.0, timeout))
        for fd in ready:
            if fd in self.open:
                self._move(fd)
        if self.wake_r in ready:
            os.read(self.wake_r, CHUNK)
        return self.control in ready

    def reap(self) -> None:
        """Note the probe's own status; orphans that were handed to us are reaped on the way."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.status = status

    def ask_to_end(self) -> None:
        """SIGTERM first: a command that cleans up after itself gets the chance."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGTERM)
        end = time.monotonic() + GRACE
        while self.status is None and time.monotonic() < end:
            ready, _, _ = select.select([*self.open, self.wake_r], [], [], 0.02)
            for fd in [fd for fd in ready if fd in self.open]:
                self._move(fd)
            self.reap()

    def _move(self, fd: int) -> None:
        data = os.read(fd, CHUNK)
        if data:
            self.open[fd].write(data)
        else:
            del self.open[fd]
            os.close(fd)

    def drain(self) -> None:
        """What still lies in the pipes: all writers are dead, so this ends at once."""
        end = time.monotonic() + 1.0
        while self.open and time.monotonic() < end:
            ready, _, _ = select.select(list(self.open), [], [], 0.1)
            for fd in ready:
                self._move(fd)
        for sink in self.sinks:
            sink.close()

    def answer(self, seconds: float, survivors: int) -> dict[str, Any]:
        """What the driver is told; `start_error` is the errno of a command that could not be started."""
        import resource

        start_error = 0
        with contextlib.suppress(ValueError, OSError):
            start_error = int(os.read(self.failure, 32) or b"0")
        code = None
        if self.status is not None:
            code = -os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else os.WEXITSTATUS(self.status)
        return {
            "code": code,
            "seconds": seconds,
            "timed_out": self.timed_out,
            "cancelled": self.cancelled,
            "survivors": survivors if not (self.timed_out or self.cancelled) else 0,
            "start_error": start_error,
            "write_error": next((sink.error for sink in self.sinks if sink.error), 0),
            "dropped": [sink.dropped for sink in self.sinks],
            "peak_kib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        }


def keep(spec: Spec, control: int, body: Body) -> dict[str, Any]:
    """Run one probe from start to end and return the answer as a dictionary."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # the driver decides, through the control channel
    try:
        watch = Watch(spec, control, body)
    except OSError as exc:
        return {"code": None, "seconds": 0.0, "keeper_error": exc.errno or errno.EIO, "where": str(exc)}
    return watch.run()


def read_line(fd: int) -> bytes:
    """One line from `fd`, not a byte more; empty at its end."""
    parts: list[bytes] = []
    while True:
        data = os.read(fd, CHUNK)
        if not data:
            return b""
        parts.append(data)
        if data.endswith(b"\n"):
            return b"".join(parts)


def main() -> None:
    """Serve one probe on standard input and output."""
    line = read_line(0)
    if line:
        os.write(1, json.dumps(keep(json.loads(line), 0, execute)).encode() + b"\n")


if __name__ == "__main__":
    main()
