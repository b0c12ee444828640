"""Edited copies of the torch simulator of which more than the program is used: stores and grafts, with this process's tracer."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from types import ModuleType

import fault_runs as runs


@contextmanager
def planted(sources: runs.Sources, edits: Sequence[tuple[str, str, str]], folder: Path) -> Iterator[ModuleType]:
    """The `program` module of a copy with (file, before, after) edits, in `folder`; `sibling` gives its other modules."""
    with runs.torch_copy(sources, edits) as program:
        package = program.__name__.split(".")[0]
        for name in [n for n in sys.modules if n.startswith("firstbad.tracer.")]:
            sys.modules[package + name.removeprefix("firstbad")] = sys.modules[name]
        with chdir(folder):
            yield program


def sibling(program: ModuleType, name: str) -> ModuleType:
    """Another module of the edited copy that `program` belongs to."""
    return importlib.import_module(program.__name__.rpartition(".")[0] + "." + name)
