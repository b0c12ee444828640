"""What the judge cleared is no cause: neither in the headline's count nor on the map of two stores."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from small_traces import catalogue

pytest.importorskip("zarr")

from firstbad.tracer.picture import AGREES, CAUSES, CLEARED, HARMLESS, origin_map
from firstbad.tracer.store import Column, Store, open_store
from firstbad.tracer.store_judge import judge_stores
from firstbad.tracer.store_writer import StoreWriter
from firstbad.ui.pictures import draw
from firstbad.ui.render_stores import stores_page

KNOWN = """
[x]
kind = "input"
[y]
parents = ["x"]
formula = "2*x"
[w]
parents = ["x"]
formula = "5*x"
[z]
parents = ["y", "w"]
formula = "3*y + w"
"""
FAULTY, HEALED = slice(10, 16), slice(0, 12)


def store(path: Path, *, wrong: bool = False) -> Store:
    """`x` is wrong at six pixels; `y` is printed wrongly at twelve, of which two are the same, and not used so."""
    x = 1.5 + np.arange(30.0)
    x[FAULTY] *= 1.1 if wrong else 1
    y = 2 * x
    z = 3 * y + 5 * x
    y[HEALED] *= 10 if wrong else 1
    with StoreWriter(path, (1, 30), [Column(name) for name in "xywz"]) as writer:
        writer.append({"x": x, "y": y, "w": 5 * x, "z": z})
    return open_store(path)


def row(png: bytes) -> list[int]:
    """The palette indices of a picture of one row."""
    (size,) = struct.unpack_from(">I", png, png.index(b"IDAT") - 4)
    at = png.index(b"IDAT") + 4
    return list(zlib.decompress(png[at : at + size])[1:])


def test_only_pixels_with_a_cause_are_counted_and_coloured_as_one(tmp_path: Path):
    ours, theirs = store(tmp_path / "a"), store(tmp_path / "b", wrong=True)
    found = judge_stores(ours, theirs, catalogue(KNOWN))
    assert found.screened.diverging == 16
    assert (found.accused, [(names, pixels) for names, pixels, _ in found.causes]) == (6, [(("x",), 6)])
    console = Console(width=200, record=True)
    stores_page(console, found, [])
    assert console.export_text().startswith("DIFFERENT first bad: x (6 of 30 pixels)\n")
    draw(tmp_path / "maps", ours, theirs, found, catalogue(KNOWN))
    legend = (tmp_path / "maps" / "origins.txt").read_text()
    assert [line.split(" ", 1)[1] for line in legend.splitlines()] == ["agrees", "x", CLEARED]
    cleared = 3 + len(CAUSES)
    assert row((tmp_path / "maps" / "origins.png").read_bytes()) == [cleared] * 10 + [2] * 6 + [1] * 14


def test_sets_that_are_called_the_same_share_a_colour_and_rounding_agrees(tmp_path: Path):
    found = judge_stores(store(tmp_path / "a"), store(tmp_path / "b", wrong=True), catalogue(KNOWN)).screened
    assert len(found.signatures) == 2
    for sets, legend, colours in (
        (["x", "x"], [(AGREES, "agrees"), (CAUSES[0], "x")], {1, 2}),
        (["", "x"], [(AGREES, "agrees"), (CAUSES[0], "x")], {1, 2}),
        (["", CLEARED], [(AGREES, "agrees"), (HARMLESS, CLEARED)], {1, 3 + len(CAUSES)}),
    ):
        png, told = origin_map(found, sets)
        assert (list(told), set(row(png))) == (legend, colours)
