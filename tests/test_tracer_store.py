"""Traces of many pixels: written, read, refused when cut, compared in bounded memory."""

from __future__ import annotations

import itertools
import json
import shutil
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.picture import difference, intensity, origin_map, png, write_png
from firstbad.tracer.store import MISSING, Column, Store, is_missing, open_store
from firstbad.tracer.store_column import Scratch, judge_column
from firstbad.tracer.store_compare import StoreDiff, compare_stores
from firstbad.tracer.store_writer import StoreWriter, whole_image
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from refusals import slug

pytest.importorskip("zarr")
Array = NDArray[np.float64]
GRAPH = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "hidden"], "hidden": ["c"], "e": ["d"]}
SHAPE = (9, 13)


def write(path: Path, values: Mapping[str, Array], shape: tuple[int, int] = SHAPE, tile: int = 32) -> Store:
    """Values are n, n x width or n x occurrences x width."""
    full = {name: v.reshape(len(v), 1, -1) if v.ndim < 3 else v for name, v in values.items()}
    columns = [Column(name, v.shape[2], v.shape[1]) for name, v in full.items()]
    with StoreWriter(path, shape, columns, tile=tile) as writer:
        writer.append(full)
    return open_store(path)


def chain(seed: int = 0, count: int = SHAPE[0] * SHAPE[1]) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    a = rng.uniform(1, 2, count)
    b, c = np.sqrt(a), np.stack([a, -a, 1 / a], axis=1)
    d = b * c[:, 0]
    return {"a": a, "b": b, "c": c, "d": d, "e": d * d}


def test_what_is_written_is_read_in_any_cut(tmp_path: Path):
    values = chain()
    store = write(tmp_path / "s", values)
    assert store.names == ("a", "b", "c", "d", "e")
    assert np.array_equal(store.pixels, whole_image(SHAPE))
    for start, stop in itertools.combinations((0, 1, 31, 32, 33, 64, 100, 117), 2):
        assert np.array_equal(store.read("c", start, stop)[:, 0], values["c"][start:stop])
    store.verify()


@settings(max_examples=15, deadline=None)
@given(blocks=st.lists(st.integers(1, 40), min_size=1, max_size=12), tile=st.integers(1, 50), compress=st.booleans())
def test_blocks_of_any_length_give_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[int], tile: int, compress: bool
):
    count = sum(blocks)
    a = np.random.default_rng(count).normal(size=(count, 2, 3))
    path = tmp_path_factory.mktemp("s") / "store"
    with StoreWriter(path, (1, count), [Column("a", 3, 2)], tile=tile, compress=compress) as writer:
        at = 0
        for n in blocks:
            writer.append({"a": a[at : at + n]})
            at += n
    store = open_store(path)
    store.verify()
    assert np.array_equal(store.read("a"), a)


def test_missing_is_not_nan_and_survives(tmp_path: Path):
    a = np.array([1.0, np.nan, MISSING, 4.0])
    store = write(tmp_path / "s", {"a": a, "all": np.full(4, MISSING)}, (1, 4), tile=2)
    assert is_missing(store.read("a")).ravel().tolist() == [False, False, True, False]
    assert is_missing(store.read("all")).all()
    trace = store.trace(0, 2)
    assert len(trace) == 0
    assert [r.quantity for r in store.trace(0, 0)] == ["a"]


def test_one_pixel_is_a_trace_that_diff_takes(tmp_path: Path):
    values = chain()
    values["F_latt"] = np.stack([values["a"], values["a"] * 2], axis=1)[:, :, None]
    ours = write(tmp_path / "a", values)
    values["F_latt"] = values["F_latt"] * [[[1.0], [3.0]]]
    theirs = write(tmp_path / "b", values)
    trace = ours.trace(3, 4)
    assert [r.occurrence for r in trace.find("F_latt")] == [0, 1]
    assert trace.find("c")[0].values == tuple(values["c"][3 * 13 + 4])
    found = compare(trace, theirs.trace(3, 4))
    assert [f.quantity for f in found.origins] == ["F_latt"]
    assert compare(trace, ours.trace(3, 4)).same


def test_stores_that_cannot_be_trusted_are_refused(tmp_path: Path):
    with pytest.raises(FirstbadError) as error:
        open_store(tmp_path / "gone")
    assert slug(error) == "store-missing"
    (tmp_path / "folder").mkdir()
    with pytest.raises(FirstbadError) as error:
        open_store(tmp_path / "folder")
    assert slug(error) == "store-unreadable"
    writer = StoreWriter(tmp_path / "cut", SHAPE, [Column("a")])
    writer.append({"a": np.zeros(5)})
    with pytest.raises(FirstbadError, match="5 of 117") as error:
        writer.close()
    assert slug(error) == "store-incomplete"
    with pytest.raises(FirstbadError) as error:
        open_store(tmp_path / "cut")
    assert slug(error) == "store-incomplete"
    with pytest.raises(FirstbadError) as error:
        StoreWriter(tmp_path / "cut", SHAPE, [Column("a")])
    assert slug(error) == "store-exists"


def test_an_exception_leaves_no_seal(tmp_path: Path):
    with pytest.raises(RuntimeError), StoreWriter(tmp_path / "s", (1, 2), [Column("a")]) as writer:
        writer.append({"a": np.zeros(2)})
        raise RuntimeError
    with pytest.raises(FirstbadError):
        open_store(tmp_path / "s")


def test_a_changed_store_is_noticed(tmp_path: Path):
    store = write(tmp_path / "s", chain())
    store.arrays["d"]  # the column's files lie in the folder of its name
    tile = tmp_path / "s" / "columns" / "d" / "c" / "1" / "0" / "0"
    data = bytearray(tile.read_bytes())
    data[7] ^= 1
    tile.write_bytes(data)
    with pytest.raises(FirstbadError, match="Column d") as error:
        store.verify()
    assert slug(error) == "store-damaged"


def test_what_was_judged_is_not_overwritten_by_the_next_column():
    rng, scratch = np.random.default_rng(0), Scratch()
    a, b = rng.random((2, 50, 1, 1))
    first = judge_column(a, b, 1e-9, scratch)
    assert first is not None
    diverging, size = first.diverging.copy(), first.size.copy()
    for shape in ((50, 1, 1), (20, 2, 3), (50, 4, 3)):
        assert judge_column(rng.random(shape), rng.random(shape), 1e-9, scratch) is not None
    assert (first.diverging == diverging).all() and (first.size == size).all()


@pytest.mark.parametrize(
    "block", [{"a": np.zeros(3)}, {"a": np.zeros(2), "b": np.zeros(3)}, {"a": np.zeros((2, 2)), "b": np.zeros(2)},
              {"a": np.zeros(2), "b": np.zeros(2), "x": np.zeros(2)}, {"a": np.zeros(200), "b": np.zeros(200)}]
)  # fmt: skip
def test_blocks_that_do_not_fit_are_refused(tmp_path: Path, block: dict[str, Array]):
    writer = StoreWriter(tmp_path / "s", SHAPE, [Column("a"), Column("b")])
    with pytest.raises(FirstbadError) as error:
        writer.append(block)
    assert slug(error) == "store-block"


def compared(
    tmp_path: Path, change: Mapping[str, tuple[slice, float]], parents: Mapping[str, Sequence[str]] | None = GRAPH
) -> StoreDiff:
    """Two stores of the chain; the second is computed with errors put in, which travel down."""
    values = chain()
    theirs: dict[str, Array] = {"a": values["a"].copy()}

    def fault(name: str, value: Array) -> Array:
        out = value.copy()
        if name in change:
            where, factor = change[name]
            out[where] *= factor
        return out

    theirs["a"] = fault("a", values["a"])
    theirs["b"] = fault("b", np.sqrt(theirs["a"]))
    theirs["c"] = fault("c", np.stack([theirs["a"], -theirs["a"], 1 / theirs["a"]], axis=1))
    theirs["d"] = fault("d", theirs["b"] * theirs["c"][:, 0])
    theirs["e"] = fault("e", theirs["d"] ** 2)
    for name in ("x", "y"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    return compare_stores(write(tmp_path / "x", values), write(tmp_path / "y", theirs), parents)


def test_equal_stores_agree(tmp_path: Path):
    diff = compared(tmp_path, {})
    assert diff.same
    assert diff.diverging == 0
    assert all(c.diverging == 0 for c in diff.columns)
    assert not diff.image().any()


def test_two_separate_causes_are_told_apart(tmp_path: Path):
    diff = compared(tmp_path, {"b": (np.s_[:60], 1.1), "c": (np.s_[40:], 1.2)})
    assert [(c.quantities, c.pixels) for c in diff.causes] == [(("c",), 77), (("b",), 60)]
    assert {s.origins: s.pixels for s in diff.signatures} == {("b",): 40, ("b", "c"): 20, ("c",): 57}
    counts = {c.name: (c.diverging, c.origins) for c in diff.columns}
    assert counts == {"a": (0, 0), "b": (60, 60), "c": (77, 77), "d": (117, 0), "e": (117, 0)}
    signatures = diff.image().ravel()
    at = {s.origins: i + 1 for i, s in enumerate(diff.signatures)}
    assert (signatures[:40] == at["b",]).all()
    assert (signatures[40:60] == at["b", "c"]).all()
    assert (signatures[60:] == at["c",]).all()
    assert diff.causes[0].example[0] * 13 + diff.causes[0].example[1] >= 60
    assert not diff.same


def test_faults_that_go_together_are_one_cause(tmp_path: Path):
    diff = compared(tmp_path, {"b": (np.s_[10:20], 1.1), "c": (np.s_[10:20], 1.2)})
    assert [(c.quantities, c.pixels) for c in diff.causes] == [(("b", "c"), 10)]
    assert diff.signatures[0].slow == (0, 1)


def test_a_parent_without_a_column_is_seen_through(tmp_path: Path):
    """d is computed from c by way of a quantity that no store holds."""
    diff = compared(tmp_path, {"c": (np.s_[5:9], 2.0)})
    assert [c.quantities for c in diff.causes] == [("c",)]


def test_without_a_graph_the_order_stands_in(tmp_path: Path):
    diff = compared(tmp_path, {"b": (np.s_[5:9], 2.0), "c": (np.s_[5:9], 2.0)}, None)
    assert diff.order == "order"
    assert [c.quantities for c in diff.causes] == [("b",)]


def test_numbers_that_arithmetic_cannot_judge(tmp_path: Path):
    a = {"v": np.array([1.0, np.nan, MISSING, np.inf, 0.0, 2.0, np.nan, -np.inf, 1e300])}
    b = {"v": np.array([1.0, np.nan, MISSING, np.inf, -0.0, np.nan, MISSING, np.inf, 1.1e300])}
    diff = compare_stores(write(tmp_path / "a", a, (3, 3)), write(tmp_path / "b", b, (3, 3)))
    assert diff.signature_map.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    (column,) = diff.columns
    assert (column.diverging, column.missing, column.nan) == (4, 1, 1)
    assert column.largest == np.inf
    json.dumps(diff.as_dict(), allow_nan=False)


def test_tolerance_is_relative_never_absolute(tmp_path: Path):
    a = {"v": np.array([1e-10, 1e-30, 1e10, 1.0])}
    b = {"v": np.array([1e-10 * (1 + 1e-6), 2e-30, 1e10 * (1 + 1e-12), 1.0])}
    ours, theirs = write(tmp_path / "a", a, (2, 2)), write(tmp_path / "b", b, (2, 2))
    assert compare_stores(ours, theirs).signature_map.tolist() == [1, 1, 0, 0]
    assert compare_stores(ours, theirs, relative=1e-5).signature_map.tolist() == [0, 1, 0, 0]
    assert compare_stores(ours, theirs, relative={"v": 1.0}).same
    assert not compare_stores(ours, theirs, relative={"other": 1.0}).same


def test_a_component_that_cancels_is_measured_against_its_vector(tmp_path: Path):
    a = {"v": np.array([[1.0, 1e-17], [1.0, 0.5]])}
    b = {"v": np.array([[1.0, 3e-17], [1.0, 0.6]])}
    diff = compare_stores(write(tmp_path / "a", a, (1, 2)), write(tmp_path / "b", b, (1, 2)))
    assert diff.signature_map.tolist() == [0, 1]


def test_one_sided_columns_and_more_occurrences_are_results(tmp_path: Path):
    ours = write(tmp_path / "a", {"a": np.ones(4), "old": np.ones(4), "n": np.ones((4, 1, 1))}, (2, 2))
    theirs = write(tmp_path / "b", {"a": np.ones(4), "n": np.ones((4, 2, 1)), "new": np.ones(4)}, (2, 2))
    diff = compare_stores(ours, theirs)
    assert (diff.only_reference, diff.only_candidate) == (("old",), ("new",))
    assert diff.columns[1].missing == 4
    assert not diff.same
    renamed = compare_stores(ours, theirs, canonical=lambda n: {"old": "new"}.get(n, n))
    assert (renamed.only_reference, renamed.only_candidate) == ((), ())


def test_other_pixels_are_an_error(tmp_path: Path):
    ours = write(tmp_path / "a", {"a": np.ones(4)}, (2, 2))
    theirs = write(tmp_path / "b", {"a": np.ones(4)}, (4, 1))
    with pytest.raises(FirstbadError) as error:
        compare_stores(ours, theirs)
    assert slug(error) == "store-pixels-differ"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tile=st.integers(3, 40))
def test_tiles_do_not_change_the_answer(tmp_path_factory: pytest.TempPathFactory, seed: int, tile: int):
    """Against the definition, evaluated pixel by pixel."""
    rng = np.random.default_rng(seed)
    ours = chain(seed, 60)
    theirs = {name: v * (1 + (rng.random(v.shape) < 0.1) * rng.choice([0.5, 1e-12])) for name, v in ours.items()}
    path = tmp_path_factory.mktemp("s")
    diff = compare_stores(
        write(path / "a", ours, (6, 10), tile), write(path / "b", theirs, (6, 10), 13), GRAPH, relative=1e-9
    )
    flat = {"d": ["b", "c"], **{k: v for k, v in GRAPH.items() if k in "abce"}}
    for pixel in range(60):
        off = {n: np.abs(theirs[n][pixel] - v[pixel]).max() / np.abs(theirs[n][pixel]).max() for n, v in ours.items()}
        bad = {n for n, size in off.items() if size > 1e-9}
        expected = tuple(n for n in ours if n in bad and not bad & set(flat[n]))
        number = diff.signature_map[pixel]
        assert (diff.signatures[number - 1].origins if number else ()) == expected


def read_png(data: bytes) -> tuple[int, int, int, bytes, bytes]:
    """Width, height, colour type, palette and unfiltered bytes, checked chunk by chunk."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, dict[bytes, bytes]()
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + length
    width, height, _, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert list(parts)[-1] == b"IEND"
    return width, height, colour, parts.get(b"PLTE", b""), zlib.decompress(parts[b"IDAT"])


def test_pictures_are_sound_png(tmp_path: Path):
    diff = compared(tmp_path, {"b": (np.s_[:60], 1.1), "c": (np.s_[40:], 1.2)})
    data, legend = origin_map(diff)
    width, height, colour, palette, lines = read_png(data)
    assert (width, height, colour) == (13, 9, 3)
    rows = np.frombuffer(lines, dtype=np.uint8).reshape(9, 14)
    assert (rows[:, 0] == 0).all()
    assert np.array_equal(rows[:, 1:], diff.image() + 1)
    assert [text for _, text in legend] == ["agrees", "c", "b", "b and c"]
    assert tuple(palette[3 * 2 : 3 * 3]) == legend[1][0]
    image = np.random.default_rng(0).random((5, 7))
    image[2, 3] = np.nan
    assert read_png(intensity(image))[:3] == (7, 5, 0)
    assert read_png(difference(image, image * 2))[:3] == (7, 5, 2)
    write_png(tmp_path / "p.png", np.zeros((2, 2), dtype=np.uint8))
    assert (tmp_path / "p.png").read_bytes() == png(np.zeros((2, 2), dtype=np.uint8))


def test_a_picture_of_too_many_signatures_says_so(tmp_path: Path):
    names = [f"q{i}" for i in range(11)]
    ours = {name: np.ones(121) for name in names}
    theirs = {name: np.where(np.arange(121) % 11 == i, 2.0, 1.0) for i, name in enumerate(names)}
    graph = dict.fromkeys(names, ()) | {"q0": ("none",)}
    diff = compare_stores(write(tmp_path / "a", ours, (11, 11)), write(tmp_path / "b", theirs, (11, 11)), graph)
    assert len(diff.signatures) == 11
    assert origin_map(diff)[1][-1][1] == "3 other sets of origins"


def test_hundreds_of_signatures_are_all_counted(tmp_path: Path):
    """Seventy columns (more than a machine word of them), each wrong at random pixels: by definition, pixel by pixel."""
    rng = np.random.default_rng(3)
    wrong = rng.random((400, 70)) < 0.02
    ours = {f"q{i}": np.ones(400) for i in range(70)}
    theirs = {f"q{i}": np.where(wrong[:, i], 1.5, 1.0) for i in range(70)}
    graph = {"q0": ("none",)}
    a, b = (write(tmp_path / side, v, (20, 20), 400) for side, v in (("a", ours), ("b", theirs)))
    diff = compare_stores(a, b, graph)
    assert len(diff.signatures) == len({tuple(row) for row in wrong if row.any()}) > 100
    assert sum(s.pixels for s in diff.signatures) == diff.diverging == wrong.any(axis=1).sum()
    assert [s.pixels for s in diff.signatures] == sorted((s.pixels for s in diff.signatures), reverse=True)
    for pixel, row in enumerate(wrong):
        number = int(diff.signature_map[pixel])
        if not row.any():
            assert number == 0
            continue
        signature = diff.signatures[number - 1]
        assert signature.origins == tuple(f"q{i}" for i in np.flatnonzero(row))
        slow, fast = divmod(pixel, 20)
        assert signature.slow[0] <= slow <= signature.slow[1]
        assert signature.fast[0] <= fast <= signature.fast[1]
        assert diff.signature_map[signature.example[0] * 20 + signature.example[1]] == number
