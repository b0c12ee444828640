"""Words in stores: they are kept, compared and named as the numbers beside them, and what cannot be compared is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from small_traces import catalogue
from transcripts import perform

pytest.importorskip("zarr")

from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.store import Store, open_store
from firstbad.tracer.store_judge import StoresDiff, judge_stores
from firstbad.tracer.store_sums import manifest_sum
from firstbad.tracer.store_text import write_logs

KNOWN = catalogue("[k]\nkind = 'input'\n[x]\nparents = ['k']\n[mode]")
SETTING = catalogue("[k]\nkind = 'input'\n[x]\nparents = ['k']\n[mode]\nkind = 'config'")
Make = Callable[..., Store]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A store of four pixels; `said` are the lines about the mode, one pixel after the other."""

    def made(name: str, said: Sequence[str], x: float = 1.5) -> Store:
        logs: dict[tuple[int, int], Path] = {}
        for number, line in enumerate(said):
            path = logs[divmod(number, 2)] = tmp_path / f"{name}{number}.log"
            path.write_text(f"TRACE: k 0.9\nTRACE: x {x}\n" + (f"TRACE: {line}\n" if line else ""))
        write_logs(logs, tmp_path / name, (2, 2))
        return open_store(tmp_path / name)

    return made


def first_format(store: Store, words: str) -> Store:
    """The same as it was written before words were kept: without its column, the name among the facts."""
    path = store.path / "zarr.json"
    document = json.loads(path.read_text())
    said = document["attributes"]["firstbad"]
    said["columns"] = [column for column in said["columns"] if column["name"] not in words.split()]
    said["facts"]["words"] = words
    for key in ("crc32", "words"):
        said.pop(key)
    document["attributes"]["firstbad"] = {**said, "crc32": manifest_sum(said)}
    path.write_text(json.dumps(document))
    return open_store(store.path)


def named(found: StoresDiff) -> list[tuple[tuple[str, ...], int, tuple[int, int]]]:
    return list(found.causes)


FAST = ["mode fast"] * 4


def test_a_word_is_traced_as_it_was_printed(make: Make):
    store = make("a", ["mode fast", "", "mode MOSFLM", "mode 7"])
    modes = [store.trace(*pixel).find("mode") for pixel in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert [[(r.values, r.tokens, r.shape) for r in found] for found in modes] == [
        [(("fast",), ("fast",), ())],
        [],
        [(("MOSFLM",), ("MOSFLM",), ())],
        [((7.0,), ("7",), ())],
    ]
    store.verify()


def test_stores_with_the_same_words_are_the_same(make: Make):
    mixed = ["mode fast", "mode slow", "", "mode 7"]
    assert judge_stores(make("a", mixed), make("b", mixed), KNOWN).same


@pytest.mark.parametrize("known", [KNOWN, Catalogue()])
def test_another_word_everywhere_is_what_went_bad_first(make: Make, known: Catalogue):
    found = judge_stores(make("a", FAST), make("b", ["mode slow"] * 4), known)
    assert not found.same and named(found) == [(("mode",), 4, (0, 0))]


def test_another_word_at_one_pixel_is_found_there(make: Make):
    found = judge_stores(make("a", FAST), make("b", [*FAST[:2], "mode slow", "mode fast"]), KNOWN)
    assert named(found) == [(("mode",), 1, (1, 0))]


def test_a_word_in_the_place_of_a_number_differs(make: Make):
    found = judge_stores(make("a", ["mode 7"] * 4), make("b", ["mode 7", "mode 7", "mode none", "mode 7"]), KNOWN)
    assert named(found) == [(("mode",), 1, (1, 0))]


@pytest.mark.parametrize("said", ["mode fast", "mode 7"])
def test_what_is_missing_at_a_pixel_is_no_rounding(make: Make, said: str):
    found = judge_stores(make("a", [said] * 4), make("b", ["", *[said] * 3]), KNOWN)
    assert not found.same and found.judgements[0].beside == (("mode", "missing"),)


@pytest.mark.parametrize("values", [("fast", "slow"), ("7", "8")])
def test_a_setting_that_differs_is_no_rounding_and_no_origin(make: Make, values: tuple[str, str]):
    ours, theirs = (make(value, [f"mode {value}"] * 4) for value in values)
    found = judge_stores(ours, theirs, SETTING)
    assert not found.same and not found.causes and found.judgements[0].beside == (("mode", "config"),)


def test_pixels_of_one_side_take_their_words_along(make: Make):
    found = judge_stores(make("a", FAST), make("b", ["mode slow"] * 2), KNOWN)
    assert found.alone == (2, 0) and named(found) == [(("mode",), 2, (0, 0))]


def test_a_word_of_one_side_is_said_and_a_word_is_not_so_far_off(make: Make, tmp_path: Path):
    make("a", FAST), make("b", ["mode slow"] * 4), make("c", [""] * 4)
    (tmp_path / "c.toml").write_text("[quantity.k]\nkind = 'input'\n[quantity.mode]\n")
    status, out, _ = perform(["diff", "a", "c", "--catalogue", "c.toml"], tmp_path)
    assert status == 1 and "only the reference has mode" in out
    status, out, _ = perform(["diff", "a", "b", "--catalogue", "c.toml"], tmp_path)
    assert status == 1 and out.startswith("DIFFERENT first bad: mode (4 of 4 pixels)") and "a word" in out
    told = json.loads(perform(["diff", "a", "b", "--catalogue", "c.toml", "--json"], tmp_path)[1])
    assert told["words"] == ["mode"] and not told["same"]


def test_of_an_older_store_the_words_are_said_not_to_be_compared(make: Make, tmp_path: Path):
    """It opens as before; nobody knows its words."""
    old, new = first_format(make("a", FAST), "mode"), make("b", ["mode slow"] * 4)
    for one, two in ((old, old), (old, new), (new, old)):
        found = judge_stores(one, two, KNOWN)
        assert found.same and found.untold == ("mode",) and found.as_dict()["not_compared"] == ["mode"]
    (tmp_path / "c.toml").write_text("[quantity.k]\nkind = 'input'\n[quantity.mode]\n")
    status, out, _ = perform(["diff", "a", "b", "--catalogue", "c.toml", "--html", "p.html"], tmp_path)
    assert status == 0 and out.startswith("SAME 4 pixels, 2 quantities agree; not compared: mode\n")
    assert "not compared: mode" in (tmp_path / "p.html").read_text()


def test_a_word_that_an_older_store_alone_names_is_one_sided(make: Make):
    old, other = first_format(make("a", FAST), "mode"), make("b", [""] * 4)
    found = [judge_stores(old, other, KNOWN), judge_stores(other, old, KNOWN)]
    assert [one.screened.only_reference for one in found] == [("mode",), ()]
    assert [one.screened.only_candidate for one in found] == [(), ("mode",)]
    assert not any(one.same or one.untold for one in found)


def test_a_formula_that_reads_a_word_explains_nothing(make: Make):
    known = catalogue("[k]\nkind = 'input'\n[mode]\n[x]\nparents = ['k', 'mode']\nformula = 'mode*k'")
    found = judge_stores(make("a", FAST), make("b", FAST, x=1.6), known)
    assert named(found) == [(("x",), 4, (0, 0))]
