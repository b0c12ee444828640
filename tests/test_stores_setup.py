"""What a run says outside its records is kept with its trace and its store: formulas tell the side at fault by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transcripts import perform

pytest.importorskip("zarr")

from firstbad.sim.many import prepare, write_store
from firstbad.tracer.catalogue import load
from firstbad.tracer.closure import check
from firstbad.tracer.model import Setup
from firstbad.tracer.pixels import selected
from firstbad.tracer.store import open_store
from firstbad.tracer.store_judge import StoresDiff, judge_stores
from firstbad.tracer.store_sums import manifest_sum
from firstbad.tracer.store_text import write_logs
from firstbad.tracer.text import read

BASE = "-cell 70 80 90 90 90 90 -default_F 2.5 -lambda 1.5 -N 5 -detpixels 6 -pixel 20 -distance 80 -oversample 1"
TABLE = f"{BASE} -hkl small.hkl -nointerpolate"
LAYERS = f"{BASE} -detector_thick 450 -detector_abs 300 -thicksteps 2"
INTERPOLATED = f"{BASE} -hkl small.hkl -interpolate"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a table of structure factors, which is the working directory."""
    indices = ((h, k, l) for h in range(-9, 10) for k in range(-9, 10) for l in range(-9, 10))  # noqa: E741
    rows = (f"{h} {k} {l} {100 + 3 * h + 5 * k + 7 * l}\n" for h, k, l in indices)  # noqa: E741
    (tmp_path / "small.hkl").write_text("".join(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def traced(folder: Path, side: str, line: str, *how: str, out: str = "") -> Path:
    path = folder / (out or f"{side}.zarr")
    status, said, err = perform(["trace", side, *(how or ("--all",)), "--out", str(path), "--", *line.split()], folder)
    assert (status, err) == (0, ""), (said, err)
    return path


def wrong(path: Path, line: str, quantity: str, change: Callable[[Any], Any]) -> Path:
    """A store of the simulator with a fault: the kernel goes on with another value of `quantity`."""

    def listener(name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        return change(value) if name == quantity else value

    write_store(prepare(line.split(), selected("all")), path, graft=lambda _: listener)
    return path


def sides(found: StoresDiff) -> set[tuple[str, str]]:
    return {(name, side) for judged in found.judgements for name, side, _ in judged.origins}


@pytest.mark.parametrize("line", [TABLE, LAYERS, INTERPOLATED], ids=["table", "layers", "interpolated"])
def test_stores_of_both_programs_hold_what_formulas_read_and_every_value_follows(here: Path, line: str):
    for side in ("reference", "sim"):
        store = open_store(traced(here, side, line))
        assert store.facts["inputs"] == "told"
        assert [one.name for one in store.inputs] == (["small.hkl"] if "-hkl" in line else [])
        assert any("initialized hkls" in text for text in store.setup.plain)
        for slow, fast in ((0, 0), (2, 3), (5, 5)):
            found = [
                one for one in check(store.trace(slow, fast), load()) if one.quantity in ("F_cell", "pixel_pos_meters")
            ]
            assert found and all(one.holds for one in found), [one.why for one in found]


@pytest.mark.parametrize(
    ("line", "quantity", "change"),
    [
        (TABLE, "F_cell", lambda value: value.clamp(max=100.0)),
        (LAYERS, "capture_fraction", lambda value: 0.5 * value),
        (BASE, "pixel_pos_meters", lambda value: value + 0.02 * (value[..., 2:] < 0)),
    ],
    ids=["F_cell", "capture_fraction", "pixel_pos_meters"],
)
def test_the_side_is_told_by_what_the_programs_said(here: Path, line: str, quantity: str, change: Callable[[Any], Any]):
    reference, candidate = traced(here, "reference", line), wrong(here / "wrong.zarr", line, quantity, change)
    found = judge_stores(open_store(reference), open_store(candidate), load())
    assert (quantity, "candidate") in sides(found)


def test_of_a_store_without_it_the_side_cannot_be_told(here: Path):
    """Stores that were written before this was kept still open; what has a formula that nothing was held against is no input."""
    reference = traced(here, "reference", TABLE)
    candidate = wrong(here / "wrong.zarr", TABLE, "F_cell", lambda value: value.clamp(max=100.0))
    for path in (reference, candidate):
        whole = json.loads((path / "zarr.json").read_text())
        said = whole["attributes"]["firstbad"]
        del said["setup"], said["crc32"], said["facts"]["inputs"]
        said["crc32"] = manifest_sum(said)
        (path / "zarr.json").write_text(json.dumps(whole))
    stores = open_store(reference), open_store(candidate)
    assert stores[0].setup == Setup()
    assert sides(judge_stores(*stores, load())) == {("F_cell", "unknown")}
    status, out, _ = perform(["diff", "reference.zarr", "wrong.zarr"], here)
    assert status == 1 and "F_cell, the side cannot be told" in out and "input differs" not in out


def test_two_stores_say_which_file_one_run_alone_read(here: Path):
    """A cache that lies in the working directory is read where no table is named."""
    assert perform(["reference", *TABLE.split(), "-nonoise"], here)[0] == 0
    (here / "empty").mkdir()
    traced(here, "reference", BASE, out="stale.zarr")
    traced(here / "empty", "sim", BASE, out="clean.zarr")
    status, out, _ = perform(["diff", "stale.zarr", "empty/clean.zarr"], here)
    (line,) = (text for text in out.splitlines() if "Fdump.bin" in text)
    size = (here / "Fdump.bin").stat().st_size
    assert status == 1 and f"file Fdump.bin: reference {size} bytes" in line and line.endswith("candidate not read")


@pytest.mark.parametrize("side", ["reference", "sim"])
def test_a_log_of_one_pixel_is_all_that_the_program_printed(here: Path, side: str):
    log = traced(here, side, TABLE, "--pixel", "2,3", out="logs") / f"{side}-2-3.log"
    assert any("initialized hkls" in text for text in read(log).plain)
    (found,) = (one for one in check(read(log), load()) if one.quantity == "F_cell")
    assert found.holds


def test_a_store_made_of_logs_holds_what_all_of_them_say(tmp_path: Path):
    logs: dict[tuple[int, int], Path] = {}
    for pixel in ((0, 0), (0, 1)):
        logs[pixel] = tmp_path / f"{pixel[1]}.log"
        head = "TRACE_INPUT: bytes=3 crc32=00000001 file=t.dat\n" if pixel[1] else ""
        text = (
            f"{head}TRACE_INPUT: bytes=4 crc32=00000002 file=u.dat\n3 layers\nthis is pixel {pixel[1]}\nTRACE: x 1.5\n"
        )
        logs[pixel].write_text(text)
    write_logs(logs, tmp_path / "s")
    store = open_store(tmp_path / "s")
    assert store.setup.plain == ("3 layers",)
    assert [one.name for one in store.inputs] == ["u.dat"]
    assert "inputs" not in store.facts, "these logs do not say that they tell all"
    assert store.trace(0, 1).plain == ("3 layers",)
