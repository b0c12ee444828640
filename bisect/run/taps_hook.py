"""Loaded by a probe's Python as `sitecustomize`: taps functions of modules as they are imported.

Standard library only, any Python from 3.9. FIRSTBAD_TAPS maps "module:function" (or "module:Class.method") to
a quantity. A tapped function returns exactly what it returned before; its result is also written as one TRACE
line to standard error, where a program's own output is not disturbed.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any


def words(value: Any) -> list[str]:
    """The numbers of a scalar, sequence, array or tensor as text that loses nothing."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [word for item in value for word in words(item)]  # pyright: ignore[reportUnknownVariableType]
    return [f"{value:.17g}" if isinstance(value, (int, float)) else str(value).replace(" ", "_") or "-"]


def tapped(function: Any, quantity: str) -> Any:
    """`function`, and a TRACE line of its result each time."""

    @functools.wraps(function)
    def outer(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        print("TRACE_PY:", quantity, *words(result), file=sys.stderr)
        return result

    return outer


class Loader(importlib.abc.Loader):
    """The module's own loader, and taps when it has run."""

    def __init__(self, inner: Any, taps: dict[str, str]) -> None:
        self.inner, self.taps = inner, taps

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        """As the module's own loader."""
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then wrap what is to be tapped."""
        self.inner.exec_module(module)
        for path, quantity in self.taps.items():
            *owners, name = path.split(".")
            owner: Any = module
            for part in owners:
                owner = getattr(owner, part, None)
            if callable(getattr(owner, name, None)):
                setattr(owner, name, tapped(getattr(owner, name), quantity))
            else:
                print(f"firstbad: {module.__name__} has no {path} to tap ({quantity})", file=sys.stderr)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)  # get_code for runpy, get_source for tracebacks


class Finder(importlib.abc.MetaPathFinder):
    """Stands before the usual finders and lets them find."""

    def __init__(self, taps: dict[str, dict[str, str]]) -> None:
        self.taps = taps

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The usual spec with our loader around its own, once per module."""
        taps = self.taps.pop(fullname, None)
        if taps is None:
            return None
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader, taps)
        return spec


def install() -> None:
    """Read FIRSTBAD_TAPS and stand before the finders."""
    wanted: dict[str, dict[str, str]] = {}
    for place, quantity in json.loads(os.environ.get("FIRSTBAD_TAPS", "{}")).items():
        module, _, function = place.partition(":")
        wanted.setdefault(module, {})[function] = quantity
    if wanted:
        sys.meta_path.insert(0, Finder(wanted))


def load_next() -> None:
    """A sitecustomize that ours hides is run as well: the environment stays what it was."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  pathlib is not loaded this early
    rest = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


install()
load_next()
