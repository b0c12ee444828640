"""Runs of the fault bench: edited copies of either simulator, on the bench's command lines, as traces.

The torch simulator is loaded from edited source text under a package name of its own, inside this process, so that torch
is imported once. The C reference is linked from object files of which only the edited one is new.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import io
import itertools
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import firstbad.sim
from firstbad.sim import reference
from firstbad.tracer import errors, model, tap, text
from firstbad.tracer.model import Trace

DATA = Path(__file__).parent / "bench" / "faults"
SIM = Path(firstbad.sim.__file__).parent
_number = itertools.count()
_C_FLAGS = ("-std=c99", "-O1", "-ffp-contract=off")


@dataclass(frozen=True)
class CommandLine:
    """One command line with the pixel (slow, fast) that is traced."""

    name: str
    args: tuple[str, ...]
    pixel: tuple[int, int]

    def words(self, pixel: tuple[int, int] | None = None) -> list[str]:
        """The arguments, with the pixel to trace."""
        slow, fast = pixel or self.pixel
        return [*self.args, "-trace_pixel", str(slow), str(fast), "-nonoise", "-nopgm", "--trace-steps"]


def command_lines() -> dict[str, CommandLine]:
    """The bench's command lines by name."""
    document = tomllib.loads((DATA / "lines.toml").read_text())
    files = {"@HKL": "P1.hkl", "@MAT": "A.mat", "@SRC": "s.txt"}
    return {
        name: CommandLine(
            name, tuple(files.get(word, word) for word in row["args"].split()), (row["pixel"][0], row["pixel"][1])
        )
        for name, row in document["line"].items()
    }


def write_inputs(folder: Path) -> None:
    """The files that the command lines name."""
    rows = [
        f"{h} {k} {l} {10 + 11.5 * ((7 * h + 13 * k + 29 * l) % 17):g}"
        for h in range(-9, 10)
        for k in range(-9, 10)
        for l in range(-9, 10)  # noqa: E741
    ]
    (folder / "P1.hkl").write_text("\n".join(rows) + "\n")
    (folder / "A.mat").write_text("0.0065 0.0005 -0.0003\n-0.0004 0.0071 0.0006\n0.0002 -0.0007 0.0068\n")
    (folder / "s.txt").write_text("-10 0.02 0.01 1.0 2.02e-10\n-10 -0.03 0.02 2.0 1.98e-10\n")


class FaultError(Exception):
    """A fault that cannot be planted or whose program does not run; its text says why."""


def edited(source: str, before: str, after: str) -> str:
    """The source with one exact piece of text replaced; FaultError unless it is there exactly once."""
    if source.count(before) != 1:
        raise FaultError(f"{before!r} is in the file {source.count(before)} times, not once")
    return source.replace(before, after)


class Logs:
    """Logs of earlier runs by what made them: work on the judgement alone need not run the programs again."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def get(self, made_by: object, run: Callable[[], str]) -> str:
        """The log of a run described by `made_by` (its repr tells two runs apart); FaultError as `run` raised it."""
        if self.folder is None:
            return run()
        path = self.folder / hashlib.sha256(repr(made_by).encode()).hexdigest()
        if path.exists():
            log = path.read_text()
        else:
            log = _outcome(run)
            path.write_text(log)
        if log.startswith(_FAILED):
            raise FaultError(log.removeprefix(_FAILED))
        return log


_FAILED = "cannot: "


def _outcome(run: Callable[[], str]) -> str:
    try:
        return run()
    except FaultError as error:
        return _FAILED + str(error)


# ---- torch -------------------------------------------------------------------------------------------------------


@dataclass
class Sources:
    """The torch simulator as text, with its compiled modules."""

    texts: dict[str, str] = field(default_factory=dict)
    codes: dict[str, CodeType] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in SIM.glob("*.py"):
            self.texts[path.stem] = path.read_text()
            self.codes[path.stem] = compile(self.texts[path.stem], str(path), "exec")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the modules of one edited copy."""

    def __init__(self, package: str, codes: Mapping[str, CodeType]) -> None:
        self.package, self.codes = package, codes

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        head = f"{self.package}.sim"
        if fullname == head:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        name = fullname.removeprefix(head + ".")
        return importlib.machinery.ModuleSpec(fullname, self) if fullname != name and name in self.codes else None

    def exec_module(self, module: ModuleType) -> None:
        name = "__init__" if module.__spec__ and module.__spec__.submodule_search_locations is not None else ""
        stem = name or module.__name__.rpartition(".")[2]
        module.__file__ = str(SIM / f"{stem}.py")
        exec(self.codes[stem], module.__dict__)


@contextlib.contextmanager
def torch_copy(sources: Sources, edits: Sequence[tuple[str, str, str]]) -> Iterator[ModuleType]:
    """The `program` module of a copy with (file, before, after) edits; FaultError where an edit does not fit."""
    texts = dict(sources.texts)
    for file, before, after in edits:
        stem = Path(file).stem
        texts[stem] = edited(texts[stem], before, after)
    with copy_of(sources, texts) as program:
        yield program


@contextlib.contextmanager
def copy_of(sources: Sources, texts: Mapping[str, str]) -> Iterator[ModuleType]:
    """The `program` module of a copy whose files have these texts."""
    package = f"planted_{next(_number)}"
    try:
        changed = {s: compile(t, s, "exec") for s, t in texts.items() if t is not sources.texts[s]}
    except SyntaxError as error:
        raise FaultError(f"the edit is no Python: {error}") from error
    finder = _Finder(package, {**sources.codes, **changed})
    parent = ModuleType(package)
    parent.__path__ = []  # type: ignore[attr-defined]
    sys.modules[package] = parent
    sys.modules[f"{package}.tracer"] = sys.modules["firstbad.tracer"]
    for module in (errors, model, tap):
        sys.modules[f"{package}.tracer.{module.__name__.rpartition('.')[2]}"] = module
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module(f"{package}.sim.program")
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n == package or n.startswith(package + ".")]:
            del sys.modules[name]


def run_torch(program: ModuleType, words: Sequence[str], folder: Path) -> str:
    """The standard output of one run in `folder`; FaultError where it fails."""
    out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
    (folder / "Fdump.bin").unlink(missing_ok=True)
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = program.main([*words, "--threads", "1"])
    except Exception as error:
        raise FaultError(f"the program stops with {type(error).__name__}: {error}") from error
    finally:
        os.chdir(here)
    if status != 0:
        raise FaultError(f"the program ends with status {status}: {err.getvalue().strip()[-120:]}")
    return out.getvalue()


# ---- C -----------------------------------------------------------------------------------------------------------


class Objects:
    """The C reference as object files; an edited file is compiled alone and linked with the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.compiler = reference.compiler()
        self.sources = {p.name: p.read_text() for p in reference.SOURCES.glob("*.[ch]")}
        self.sources["trace.h"] = reference.TRACE_H.read_text()
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.sources.items():
            (folder / name).write_text(content)
        self.objects = [self._compile(folder, name) for name in sorted(self.sources) if name.endswith(".c")]

    def _compile(self, folder: Path, name: str) -> str:
        target = str(folder / (name + ".o"))
        self._cc("-c", "-I", str(self.folder), "-o", target, str(folder / name))
        return target

    def _cc(self, *words: str) -> None:
        done = subprocess.run([*self.compiler, *_C_FLAGS, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise FaultError(f"the edit is no C: {done.stderr.strip().splitlines()[0]}")

    def clean(self) -> Path:
        """The program as it is."""
        return self._link("clean", self.objects)

    def planted(self, edits: Sequence[tuple[str, str, str]]) -> Path:
        """The program with (file, before, after) edits."""
        texts = dict(self.sources)
        for file, before, after in edits:
            texts[file] = edited(texts[file], before, after)
        changed = [name for name in texts if texts[name] != self.sources[name]]
        folder = self.folder / f"planted{next(_number)}"
        folder.mkdir()
        if any(name.endswith(".h") for name in changed):
            changed = sorted(texts)
        for name in changed:
            (folder / name).write_text(texts[name])
        own = {name: self._compile(folder, name) for name in changed if name.endswith(".c")}
        return self._link(str(folder / "reference"), [own.get(Path(o).name[:-2], o) for o in self.objects])

    def _link(self, name: str, objects: Sequence[str]) -> Path:
        self._cc("-o", str(self.folder / name), *objects, "-lm")
        return self.folder / name


def run_c(binary: Path, words: Sequence[str], folder: Path) -> str:
    """The standard output of one run in `folder`; FaultError where it fails."""
    (folder / "Fdump.bin").unlink(missing_ok=True)
    done = subprocess.run([str(binary), *words], cwd=folder, capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        raise FaultError(f"the program ends with status {done.returncode}")
    return done.stdout.decode("utf-8", errors="replace")


def read(output: str, name: str = "", folder: Path | str = "") -> Trace:
    """A log as a trace; the files that the run read lie in `folder`."""
    return replace(text.parse(output, name), folder=str(folder))
