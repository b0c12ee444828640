"""Put an edited module into the place of a loaded one, without loading anything that uses it again."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any


def plant(name: str, path: Path, tree: ast.Module, *, at_import: bool) -> None:
    """Give every function of the module `name` the code that `tree` says; with `at_import` its constants as well.

    The functions stay the same objects, so that whoever imported them has the edit too.
    """
    module = importlib.import_module(name)
    edited = ModuleType(name)
    edited.__dict__.update({k: v for k, v in module.__dict__.items() if k.startswith("__")})
    exec(compile(tree, str(path), "exec"), edited.__dict__)
    for key, new in vars(edited).items():
        old = module.__dict__.get(key)
        if getattr(old, "__module__", name) == name:
            _move(old, new, at_import)
    if at_import:
        for node in tree.body:
            _constants(node, module, edited)


def _move(old: Any, new: Any, at_import: bool) -> None:
    if isinstance(old, type) and isinstance(new, type):
        for key, value in vars(new).items():
            if key in vars(old):
                _move(vars(old)[key], value, at_import)
    elif isinstance(old, FunctionType) and isinstance(new, FunctionType):
        _function(old, new, at_import)
    elif isinstance(old, property) and isinstance(new, property):
        _move(old.fget, new.fget, at_import)
    elif isinstance(old, staticmethod | classmethod) and isinstance(new, staticmethod | classmethod):
        _move(old.__func__, new.__func__, at_import)
    elif hasattr(old, "__wrapped__") and hasattr(new, "__wrapped__"):  # a cache
        _move(old.__wrapped__, new.__wrapped__, at_import)
        old.cache_clear()
    elif hasattr(old, "func") and hasattr(new, "func"):  # cached_property
        _move(old.func, new.func, at_import)


def _function(old: FunctionType, new: FunctionType, at_import: bool) -> None:
    if old.__code__.co_freevars == new.__code__.co_freevars:
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
        for ours, theirs in zip(old.__closure__ or (), new.__closure__ or (), strict=True):
            if isinstance(ours.cell_contents, FunctionType):
                _move(ours.cell_contents, theirs.cell_contents, at_import)
            elif at_import and not isinstance(ours.cell_contents, type):
                ours.cell_contents = theirs.cell_contents  # what a factory was given: sin = _libm(math.sin)


def _constants(node: ast.stmt, module: ModuleType, edited: ModuleType) -> None:
    """Constants that an assignment of the module makes, in the module and wherever they were imported."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
            old, new = module.__dict__[name], edited.__dict__[name]
            if isinstance(old, FunctionType):
                continue
            for user in [m for key, m in sys.modules.items() if key.startswith(("firstbad", "test_"))]:
                if vars(user).get(name) is old:
                    setattr(user, name, new)
