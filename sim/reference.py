"""Build and run the C reference: ours, from `sim/c`, or the program that NB_C_BIN names.

The binary is built once per machine: it is cached under the user's cache directory, keyed by a hash of
sources, flags and compiler. Sources are copied out of the installed package before they are compiled; the
package is never written to.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..tracer.errors import FirstbadError

SOURCES = Path(__file__).parent / "c"
TRACE_H = Path(__file__).parent.parent / "tracer" / "trace.h"
COMMON_FLAGS = ("-std=c99",)
EXACT_FLAGS = ("-O2", "-ffp-contract=off")
"""Bit for bit like the real program: no fused multiply-add."""
FAST_FLAGS = ("-O3", "-march=native", "-fopenmp")
"""What benchmarks measure; the last bits may differ."""
COMPILERS = ("cc", "gcc", "clang")
BUILD_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class CompletedReference:
    """How one run ended: exit status, and both outputs as bytes."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """The standard output; what is not UTF-8 is replaced, not dropped."""
        return self.stdout.decode("utf-8", errors="replace")


def compiler() -> list[str]:
    """The command of the system's C compiler: $CC (it may hold arguments), else cc, gcc or clang.

    Raises FirstbadError when there is none, or when $CC names a program that is not there.
    """
    wanted = os.environ.get("CC", "").strip()
    if wanted:
        command = shlex.split(wanted)
        if shutil.which(command[0]) is None:
            raise FirstbadError(
                f"the C compiler that CC names, {command[0]}, is not found",
                remedy="Correct CC, or unset it to use cc, gcc or clang.",
                slug="no-compiler",
            )
        return command
    for name in COMPILERS:
        if shutil.which(name) is not None:
            return [name]
    raise FirstbadError(
        "there is no C compiler on this machine",
        remedy="Install one (Debian: apt install gcc libc6-dev; Fedora: dnf install gcc; macOS: "
        "xcode-select --install) or name one with CC, or name a built program with NB_C_BIN.",
        slug="no-compiler",
    )


def build(
    fast: bool = False,
    cflags: Sequence[str] | None = None,
    source_dir: Path | str | None = None,
    out_dir: Path | str | None = None,
) -> Path:
    """The built reference, from the cache if these sources were built with these flags before.

    fast takes FAST_FLAGS in place of EXACT_FLAGS; cflags replaces both. source_dir is the folder of the `.c`
    and `.h` files (default: those of the package; a `trace.h` in it is used in place of ours), out_dir the
    cache. Safe to call from several processes at once. Raises FirstbadError without a compiler and when the
    build fails.
    """
    sources = Path(source_dir) if source_dir is not None else SOURCES
    files = _inputs(sources)
    flags = [*COMMON_FLAGS, *(cflags if cflags is not None else FAST_FLAGS if fast else EXACT_FLAGS)]
    command = compiler()
    target = _target(files, flags, command, Path(out_dir) if out_dir is not None else cache_dir())
    if not target.is_file():
        _compile(files, flags, command, target)
    return target


def program() -> Path:
    """The reference to run: what NB_C_BIN names, else our own, built if need be.

    Raises FirstbadError when NB_C_BIN is set but names no executable file.
    """
    named = os.environ.get("NB_C_BIN", "")
    if not named:
        return build()
    path = Path(named).expanduser()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise FirstbadError(
            f"NB_C_BIN names {named}, which is no program that can be run",
            remedy="Correct NB_C_BIN, or unset it to use the reference that comes with firstbad.",
            slug="no-reference-program",
        )
    return path.resolve()


def run(
    args: Sequence[str],
    *,
    cwd: Path | str,
    timeout: float | None = None,
    extra_env: Mapping[str, str] | None = None,
) -> CompletedReference:
    """Run the reference with nanoBragg's arguments in the directory `cwd`.

    An exit status other than 0 is data, not an error. Raises FirstbadError when the program cannot be started
    or does not end within `timeout` seconds.
    """
    binary = program()
    environment = {**os.environ, **(extra_env or {})}
    try:
        done = subprocess.run(
            [str(binary), *args], cwd=cwd, env=environment, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise FirstbadError(
            f"the reference did not end within {timeout:g} s",
            remedy="Allow more time, or ask for fewer pixels or steps.",
            slug="reference-timeout",
        ) from None
    except OSError as error:
        raise FirstbadError(
            f"the reference {binary} could not be started: {error.strerror}",
            remedy="Check the working directory, and that the program was built for this machine.",
            slug="no-reference-program",
        ) from None
    return CompletedReference(done.returncode, done.stdout, done.stderr)


def cache_dir() -> Path:
    """Where built programs are kept: $FIRSTBAD_CACHE, else firstbad under the user's cache directory."""
    named = os.environ.get("FIRSTBAD_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "firstbad"


def _inputs(sources: Path) -> list[Path]:
    """The files that make the program, trace.h among them, by name."""
    files = {path.name: path for path in sorted(sources.glob("*.[ch]"))}
    if not any(name.endswith(".c") for name in files):
        raise FirstbadError(
            f"there are no C sources in {sources}",
            remedy="Give the folder that holds reference.c, or install firstbad again.",
            slug="no-reference-sources",
        )
    files.setdefault("trace.h", TRACE_H)
    return [files[name] for name in sorted(files)]


def _digest_parts(files: Sequence[Path], flags: Sequence[str], command: Sequence[str]) -> Iterator[bytes]:
    yield "\0".join([*command, "", *flags]).encode()
    yield _version(command)
    if any("native" in flag for flag in flags):
        yield _processor()
    for path in files:
        yield path.name.encode()
        yield path.read_bytes()


def _version(command: Sequence[str]) -> bytes:
    done = subprocess.run([*command, "--version"], capture_output=True, check=False, timeout=60)
    return done.stdout


def _processor() -> bytes:
    """What -march=native depends on: a cache shared between machines must not hand out the wrong program."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return os.uname().machine.encode()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})).encode()


def _target(files: Sequence[Path], flags: Sequence[str], command: Sequence[str], folder: Path) -> Path:
    digest = hashlib.sha256()
    for part in _digest_parts(files, flags, command):
        digest.update(len(part).to_bytes(8, "little") + part)
    return folder / f"reference-{digest.hexdigest()[:24]}"


def _compile(files: Sequence[Path], flags: Sequence[str], command: Sequence[str], target: Path) -> None:
    """Compile a copy of the sources beside the target and move the program there in one step."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=target.parent) as name:
            folder = Path(name)
            for path in files:
                shutil.copyfile(path, folder / path.name)
            _run_compiler([*command, *flags, "-o", "reference", *_c_names(files), "-lm"], folder)
            (folder / "reference").replace(target)
    except OSError as error:
        raise FirstbadError(
            f"the reference cannot be built in {target.parent}: {error.strerror}",
            remedy="Name a folder that can be written with FIRSTBAD_CACHE.",
            slug="reference-build",
        ) from None


def _c_names(files: Sequence[Path]) -> list[str]:
    return [path.name for path in files if path.suffix == ".c"]


def _run_compiler(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        first = f"it did not end within {BUILD_SECONDS:g} s"
    else:
        if done.returncode == 0:
            return
        lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
        first = lines[0].strip() if lines else f"exit status {done.returncode}"
    raise FirstbadError(
        f"the C reference could not be built: {first}",
        remedy=f"Check that `{command[0]}` compiles C99 and finds the C library's headers, or set CC.",
        slug="reference-build",
    )
