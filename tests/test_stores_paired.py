"""Two stores of other pixels, or of pixels that were sampled otherwise: what both have is compared, the rest is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from small_traces import catalogue
from transcripts import perform

pytest.importorskip("zarr")

from firstbad.tracer.graft_formulas import Formulas
from firstbad.tracer.sampling import sampling
from firstbad.tracer.store import Column, Store, open_store
from firstbad.tracer.store_judge import judge_stores
from firstbad.tracer.store_pairs import common
from firstbad.tracer.store_writer import StoreWriter

KNOWN = """
[steps]
kind = "config"
[where]
scope = "subpixel"
[turn]
scope = "mosaic"
[latt]
scope = "mosaic"
parents = ["where", "turn"]
[sum]
scope = "pixel"
parents = ["latt", "steps"]
[fluence]
kind = "input"
[final]
scope = "pixel"
parents = ["sum", "fluence"]
formula = "sum*fluence"
final = true
"""
SHAPE = (6, 8)
EVERY = [(slow, fast) for slow in range(6) for fast in range(8)]
INNER = ("where", "turn", "latt")


def store(path: Path, pixels: list[tuple[int, int]], inside: int = 1, tile: int = 7, **factors: float) -> Store:
    """Values that depend on the pixel alone; of what is inside it there are `inside` records."""
    at = np.array([8 * slow + fast for slow, fast in pixels], dtype=float)
    values = {"where": at + 1, "turn": 0 * at + 2, "latt": at + 3, "sum": at + 5, "fluence": 0 * at + 3}
    values |= {name: values[name] * factor for name, factor in factors.items() if name in values}
    values |= {"steps": 0 * at + factors.get("steps", 1.0), "final": values["sum"] * values["fluence"]}
    columns = [Column(name, 1, inside if name in INNER else 1) for name in values]
    rows = {c.name: np.repeat(values[c.name][:, None, None], c.occurrences, axis=1) for c in columns}
    with StoreWriter(path, SHAPE, columns, np.array(pixels), tile=tile) as writer:
        writer.append(rows)
    return open_store(path)


def test_the_pixels_that_both_have_are_compared_and_the_others_counted(tmp_path: Path):
    ours = store(tmp_path / "a", EVERY[:30])
    theirs = store(tmp_path / "b", EVERY[20:], fluence=1.1)
    found = judge_stores(ours, theirs, catalogue(KNOWN))
    assert found.causes[0][0] == ("fluence",) and found.causes[0][1] == 10
    assert found.screened.pixels.tolist() == [list(pixel) for pixel in EVERY[20:30]]
    assert found.alone == (20, 18)
    assert found.as_dict()["only_pixels"] == {"reference": 20, "candidate": 18}
    assert (found.screened.image() >= 0).sum() == 10


def test_pixels_of_one_side_alone_are_a_difference(tmp_path: Path):
    ours, theirs = store(tmp_path / "a", EVERY), store(tmp_path / "b", EVERY[3:5])
    assert not judge_stores(ours, theirs, catalogue(KNOWN)).same
    assert judge_stores(ours, store(tmp_path / "c", EVERY), catalogue(KNOWN)).same
    status, out, err = perform(["diff", "a", "b"], tmp_path)
    assert (status, err) == (1, "")
    assert "DIFFERENT no origin; pixels on one side only; 2 pixels" in out
    assert "only the reference has 46 more pixels: what both have is compared" in out


def test_pixels_are_paired_in_any_order_and_cut(tmp_path: Path):
    chance = np.random.default_rng(4)
    mixed = [EVERY[i] for i in chance.permutation(len(EVERY))[:25]]
    one, two, alone = common(store(tmp_path / "a", mixed, tile=4), store(tmp_path / "b", EVERY[::-1], tile=9))
    assert alone == (0, 23)
    assert np.array_equal(one.pixels, two.pixels)
    for name in one.names:
        assert np.array_equal(one.read(name), two.read(name))
        assert np.array_equal(two.read(name, 3, 11), two.read(name)[3:11])
    assert two.trace(*mixed[7]).find("sum")[0].values == one.trace(*mixed[7]).find("sum")[0].values
    two.verify()


def test_a_column_that_was_changed_is_noticed_though_a_part_of_it_is_read(tmp_path: Path):
    ours, theirs = store(tmp_path / "a", EVERY), store(tmp_path / "b", EVERY[:2])
    (tile, *_) = sorted((tmp_path / "a" / "columns" / "sum" / "c").rglob("0"))[-1:]
    data = bytearray(tile.read_bytes())
    data[0] ^= 1
    tile.write_bytes(bytes(data))
    with pytest.raises(FirstbadError) as error:
        judge_stores(ours, theirs, catalogue(KNOWN))
    assert error.value.slug == "store-damaged"


def test_stores_without_a_common_pixel_or_of_other_images_are_an_error_with_a_remedy(tmp_path: Path):
    ours, theirs = store(tmp_path / "a", EVERY[:3]), store(tmp_path / "b", EVERY[3:])
    with pytest.raises(FirstbadError, match="no pixel in common") as error:
        judge_stores(ours, theirs, catalogue(KNOWN))
    assert error.value.slug == "store-pixels-differ" and error.value.remedy
    with StoreWriter(tmp_path / "c", (8, 6), [Column("sum")]) as writer:
        writer.append({"sum": np.ones(48)})
    with pytest.raises(FirstbadError, match=r"6 x 8 pixels and .* of 8 x 6") as error:
        judge_stores(ours, open_store(tmp_path / "c"), catalogue(KNOWN))
    assert error.value.slug == "store-pixels-differ"


@pytest.mark.parametrize("side", [0, 1])
def test_of_pixels_that_were_sampled_otherwise_nothing_inside_is_paired(tmp_path: Path, side: int):
    """What is computed from it differs and is no cause; `steps` is, and so is an input that is a fault of its own."""
    pair = [store(tmp_path / "a", EVERY), store(tmp_path / "b", EVERY, 4, steps=4, sum=1.5, fluence=1.1)]
    found = judge_stores(*(pair if side else pair[::-1]), catalogue(KNOWN))
    assert [set(names) for names, _, _ in found.causes] == [{"steps", "fluence"}]
    assert {name for one in found.judgements for name, _, _ in one.origins} == {"steps", "fluence"}
    assert found.sampling is not None and found.sampling.unpaired == frozenset(INNER)
    assert (found.sampling.reference, found.sampling.candidate) == ((1, 4) if side else (4, 1))
    assert all(np.isfinite(column.largest) for column in found.screened.columns)
    assert not (found.screened.only_reference or found.screened.only_candidate)


def test_other_sampling_is_said_on_the_screen_and_in_json(tmp_path: Path):
    store(tmp_path / "a", EVERY)
    store(tmp_path / "b", EVERY, 4, sum=1.5)
    words = ["diff", "a", "b", "--catalogue", _file(tmp_path)]
    status, out, _ = perform(words, tmp_path)
    assert status == 1 and "DIFFERENT no origin; other subpixels were recorded" in out
    assert "the reference has 1 subpixel of each pixel, the candidate 4:" in out
    assert "nothing inside a pixel can be paired (3 quantities left out)" in out and "-oversample" in out
    assert max(map(len, out.splitlines())) <= 100
    told = json.loads(perform([*words, "--json"], tmp_path)[1])
    expected = {"what": "subpixel", "reference": 1, "candidate": 4, "unpaired": ["latt", "turn", "where"]}
    assert told["sampling"] == expected and not told["same"]


def _file(folder: Path) -> str:
    import re

    (folder / "k.toml").write_text(re.sub(r"(?m)^\[(\w+)\]$", r"[quantity.\1]", KNOWN))
    return "k.toml"


def test_more_steps_of_each_subpixel_are_told_from_more_subpixels():
    known = catalogue(KNOWN)
    a = {"where": 4, "turn": 4, "latt": 4, "sum": 1}
    found = sampling(a, {**a, "turn": 24, "latt": 24}, known)
    assert found is not None and (found.what, found.reference, found.candidate) == ("step", 1, 6)
    assert found.unpaired == {"turn", "latt"}
    assert sampling(a, a, known) is None


def test_a_program_that_dropped_records_of_one_quantity_has_not_sampled_otherwise():
    a = {"where": 4, "turn": 4, "latt": 4, "sum": 1}
    assert sampling(a, {**a, "latt": 3}, catalogue(KNOWN)) is None


def test_a_graft_between_pixels_of_other_sampling_is_refused_and_one_of_common_pixels_is_not(tmp_path: Path):
    known = catalogue(KNOWN)
    ours = store(tmp_path / "a", EVERY)
    with pytest.raises(FirstbadError, match="took 1 subpixel of each pixel, the candidate 4") as error:
        Formulas.of_stores(ours, store(tmp_path / "b", EVERY, 4), known)
    assert error.value.slug == "graft-sampling" and "-oversample" in error.value.remedy
    found = Formulas.of_stores(ours, store(tmp_path / "c", EVERY[5:9], fluence=2), known)
    assert sorted(found.places) == sorted(EVERY[5:9])
    assert found.error(frozenset(["fluence"])) == 0 < found.error(frozenset())


def test_a_graft_says_how_many_pixels_one_side_has_alone(tmp_path: Path):
    """Nothing is said of them, be it that what both have is the same."""
    store(tmp_path / "a", EVERY[:1]), store(tmp_path / "b", EVERY), store(tmp_path / "c", EVERY, fluence=2)
    (tmp_path / "known.toml").write_text(re.sub(r"(?m)^\[(\w+)\]$", r"[quantity.\1]", KNOWN))
    known = ["--catalogue", "known.toml"]
    _, out, _ = perform(["graft", "a", "b", *known], tmp_path)
    assert out.splitlines()[1] == "only the candidate has 47 more pixels: what both have is compared"
    _, out, _ = perform(["graft", "c", "a", *known], tmp_path)
    assert "only the reference has 47 more pixels" in out
    told = json.loads(perform(["graft", "a", "c", *known, "--json"], tmp_path)[1])
    assert told["only_pixels"] == {"reference": 0, "candidate": 47}


@pytest.mark.parametrize(
    "words", ["diff a nosuch", "diff nosuch a", "graft a nosuch", "graft nosuch a", "graft nosuch no"]
)
def test_a_store_that_does_not_exist_is_said_not_to(tmp_path: Path, words: str):
    store(tmp_path / "a", EVERY)
    status, out, err = perform(words.split(), tmp_path)
    assert (status, out) == (2, "") and err.startswith("firstbad: nosuch does not exist.") and "[trace-missing]" in err


def test_a_graft_of_stores_names_what_differs_beside_the_intensity(tmp_path: Path):
    """At one pixel of the candidate a value that nothing is computed from is no number."""
    known = catalogue(KNOWN.replace("[final]", "[printed]\n[final]"))
    both = []
    for side in "ab":
        values = {"final": np.ones((48, 1, 1)), "printed": np.ones((48, 1, 1))}
        values["printed"][31] = np.nan if side == "b" else 1
        with StoreWriter(tmp_path / side, SHAPE, [Column(name) for name in values]) as writer:
            writer.append(values)
        both.append(open_store(tmp_path / side))
    found = Formulas.of_stores(*both, known)
    assert (found.places, found.differing(), found.error(frozenset())) == ([(3, 7)], ("printed",), 0)


def test_a_graft_of_stores_looks_at_all_pixels_that_are_infinite(tmp_path: Path):
    """They are wrong altogether: not one of them alone, because its cost hides that of the others."""
    ours, theirs = store(tmp_path / "a", EVERY), store(tmp_path / "b", EVERY)
    values = {name: theirs.read(name) for name in theirs.names}
    values["final"][9:20] = np.inf
    with StoreWriter(tmp_path / "c", SHAPE, theirs.columns, theirs.pixels) as writer:
        writer.append(values)
    with np.errstate(all="raise"):
        found = Formulas.of_stores(ours, open_store(tmp_path / "c"), catalogue(KNOWN))
    assert sorted(found.places) == EVERY[9:20]
