"""A fork server: a Python that has imported what does not change, and forks once per probe.

Started by path with the candidate's own Python (3.9 or newer, firstbad need not be installed there): standard
library only. Its first argument names the modules to import; it runs in an empty directory, so nothing of any
worktree is ever loaded here. Each request is a socket, handed over through standard input; a forked *keeper*
(keeper.py) reads the order from it and forks the probe, so limits and clean-up are those of a cold one.
"""

# pathlib is imported by none of this: what the server loads, every probe has loaded
# ruff: noqa: PTH100, PTH106, PTH109, PTH110, PTH118, PTH119, PTH120, PTH123, PTH208
from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
SWEEP = 1.0  # seconds between two looks for what a killed keeper left


def load_keeper() -> Any:
    """keeper.py under a name that no program imports."""
    spec = importlib.util.spec_from_file_location("_firstbad_keeper", os.path.join(HERE, "keeper.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


keeper = load_keeper()


def moved(path: list[str], here: str, cwd: str) -> list[str]:
    """The search path as it had been, had Python started in `cwd`: relative PYTHONPATH entries move along."""
    return [cwd + entry[len(here) :] if entry == here or entry.startswith(here + os.sep) else entry for entry in path]


def first_entry(argv: list[str], cwd: str) -> str:
    """What a cold Python puts in front of its search path for these arguments."""
    if argv[0] in ("-m", "-c"):
        return os.path.realpath(cwd) if argv[0] == "-m" else ""
    return os.path.dirname(os.path.realpath(os.path.join(cwd, argv[0])))


def shadowed(entries: list[str], loaded: set[str]) -> str:
    """A module that is loaded here but would be another one there; "" where there is none."""
    for entry in entries:
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(entry)):
                stem = name.split(".")[0]
                if stem not in loaded:
                    continue
                package = os.path.exists(os.path.join(entry, name, "__init__.py"))
                if package or name.endswith((".py", ".pyc", ".so")):
                    return os.path.join(entry, name)
    return ""


def enter(spec: dict[str, Any], path: list[str]) -> None:
    """Become what a cold Python would be before its first line: variables, arguments, search path, chance."""
    os.environ.clear()
    os.environ.update(spec["env"])
    sys.path[:] = path
    argv = spec["python_argv"]
    sys.argv[:] = ["-m", *argv[2:]] if argv[0] == "-m" else ["-c", *argv[2:]] if argv[0] == "-c" else list(argv)
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    importlib.invalidate_caches()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as every Python begins
    if "tempfile" in sys.modules:
        setattr(sys.modules["tempfile"], "tempdir", None)  # noqa: B010
    if "numpy.random" in sys.modules:  # cold ones start from the system's entropy; `random` does so by itself
        sys.modules["numpy.random"].seed()
    if "torch" in sys.modules:  # not torch.seed(): a cold GPU generator starts from a fixed number
        sys.modules["torch"].default_generator.seed()


def keep_finalizers() -> Callable[[], None]:
    """What the imports want done at exit through `weakref.finalize` is done once, by the server; returns what does it.

    A probe that did it would remove temporary directories under the next one, and torch has thousands of them.
    """
    kept: list[Any] = [f for f in list(getattr(weakref.finalize, "_registry")) if f.atexit]  # noqa: B009
    for one in kept:
        one.atexit = False

    def give_back() -> None:
        for one in kept:
            one.atexit = True

    return give_back


def program(argv: list[str], cwd: str) -> None:
    """Run what the arguments name in the fresh `__main__`, as the interpreter itself would."""
    main = sys.modules["__main__"].__dict__
    if argv[0] == "-m":
        runpy._run_module_as_main(argv[1])  # type: ignore[attr-defined]
    elif argv[0] == "-c":
        exec(compile(argv[1], "<string>", "exec", dont_inherit=True), main)
    else:
        path = os.path.join(cwd, argv[0])
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError as exc:
            said = f"{sys.executable}: can't open file '{path}': [Errno {exc.errno}] {exc.strerror}"
            print(said, file=sys.stderr)
            raise SystemExit(2) from None
        loader = importlib.util.spec_from_file_location("__main__", path)
        main.update(__file__=path, __loader__=loader.loader if loader else None, __spec__=None)
        exec(compile(source, path, "exec", dont_inherit=True), main)


def ended(run: Callable[[], None]) -> int:
    """Run it and end as the interpreter ends: traceback or message, threads, exit functions, buffers."""
    code: object = 0
    try:
        run()
    except SystemExit as exc:
        code = exc.code
    except BaseException as exc:
        trace = exc.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, runpy.__file__):
            trace = trace.tb_next
        sys.excepthook(type(exc), exc.with_traceback(trace), trace)
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    for last in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):
            last()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 120  # as CPython: the output could not be written
    return int(code or 0) & 0xFF


def serve_one(connection: socket.socket, here: str, base: list[str], loaded: set[str]) -> None:
    """In a forked process: read one order, keep its probe, answer."""
    spec = json.loads(keeper.read_line(connection.fileno()))
    argv, cwd = spec["python_argv"], spec["cwd"]
    path = moved(base, here, cwd)
    safe = getattr(sys.flags, "safe_path", False) or sys.flags.isolated
    if not safe:
        path = [first_entry(argv, cwd), *path]
    theirs = [entry or cwd for entry in path if entry not in base]
    clash = shadowed(theirs, loaded)
    if clash:
        connection.sendall(json.dumps({"refused": f"{clash} hides a module that is already loaded"}).encode() + b"\n")
        return
    connection.sendall(b'{"accepted": true}\n')

    def body(spec: dict[str, Any]) -> None:
        enter(spec, path)
        os._exit(ended(lambda: program(argv, cwd)))

    connection.sendall(json.dumps(keeper.keep(spec, connection.fileno(), body)).encode() + b"\n")


def fork_for(connection: socket.socket, control: socket.socket, here: str, base: list[str], loaded: set[str]) -> int:
    """Fork a keeper for one request; returns its pid. Does not return in the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads: those of BLAS survive a fork
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        serve_one(connection, here, base, loaded)
        code = 0
    finally:
        os._exit(code)


def reap(keepers: set[int]) -> None:
    """Forget keepers that ended; kill what one left that was killed itself (the kernel hands it to us)."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            keepers.discard(pid)
    ours = os.getpid()
    for pid, (parent, _) in keeper.parents().items():
        if parent == ours and pid not in keepers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def serve(control: socket.socket, here: str, base: list[str], loaded: set[str]) -> None:
    """Until the driver goes away."""
    keepers: set[int] = set()
    while True:
        ready, _, _ = select.select([control], [], [], SWEEP)
        if ready:
            data, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not data:
                return
            with socket.socket(fileno=fds[0]) as connection:
                keepers.add(fork_for(connection, control, here, base, loaded))
        reap(keepers)


def main() -> None:
    """Import what is asked, say so, serve."""
    if sys.path and os.path.abspath(sys.path[0]) == HERE:
        del sys.path[0]
    here, base = os.getcwd(), list(sys.path)
    control = socket.socket(fileno=os.dup(0))
    keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for name in filter(None, sys.argv[1].split(",")):
            importlib.import_module(name)
    except BaseException as exc:
        control.sendall(json.dumps({"failed": f"{type(exc).__name__}: {exc}"}).encode() + b"\n")
        return
    loaded = {name.partition(".")[0] for name in sys.modules} - set(sys.builtin_module_names) - {"__main__"}
    give_back = keep_finalizers()
    gc.collect()
    gc.freeze()  # else the collector would copy every page that it looks at in every fork
    control.sendall(b'{"ready": true}\n')
    serve(control, here, base, loaded)
    give_back()
    if os.path.basename(here).startswith("firstbad-warm-"):
        with contextlib.suppress(OSError):  # usually the driver was faster; after a kill -9 nobody else does it
            os.rmdir(here)
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()  # type: ignore[attr-defined]
    os._exit(0)  # taking torch apart module by module would keep the driver waiting


if __name__ == "__main__":
    main()
