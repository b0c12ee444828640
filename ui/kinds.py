"""Two stores of many pixels, or two traces of one: what lies at the paths that a command was given."""

from __future__ import annotations

import os
from pathlib import Path

from ..tracer.errors import FirstbadError


def is_store(path: Path) -> bool:
    """A folder that zarr made; the store module itself is only loaded where there is one."""
    return (path / "zarr.json").is_file()


def are_stores(reference: Path, candidate: Path, verb: str) -> bool:
    """Whether both are stores; `verb` is what the user is told to do with two.

    FirstbadError `store-and-trace` where one is, or `trace-missing` where nothing lies at the other path.
    """
    stores = [is_store(path) for path in (reference, candidate)]
    if any(stores) and not all(stores):
        store, other = (reference, candidate) if stores[0] else (candidate, reference)
        refuse_missing(other)
        raise FirstbadError(
            f"{store} is a store of many pixels and {other} is none",
            remedy=f"{verb} two stores, or two traces of one pixel",
            slug="store-and-trace",
        )
    return all(stores)


def refuse_missing(*paths: Path) -> None:
    """FirstbadError `trace-missing` for the first path at which there is nothing."""
    for path in paths:
        if not os.path.lexists(path):
            raise FirstbadError(
                f"{path} does not exist", remedy="Check the name, or record the trace first.", slug="trace-missing"
            )
