"""Stores of many pixels as a user makes, compares and grafts them, from runs of both real programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toys
from transcripts import perform

pytest.importorskip("zarr")

from firstbad.bisect.axes.grafts import heal, together
from firstbad.sim.grafted import Rerun
from firstbad.sim.many import Many, prepare, write_store
from firstbad.sim.scatter import Plan
from firstbad.tracer.catalogue import load
from firstbad.tracer.graft_formulas import ITSELF
from firstbad.tracer.image_read import read_image
from firstbad.tracer.pixels import selected
from firstbad.tracer.store import Array, Pixels, is_missing, open_store
from firstbad.tracer.tap import Listener
from firstbad.tracer.text import read

CELL = [
    "-cell",
    "100",
    "100",
    "100",
    "90",
    "90",
    "90",
    "-default_F",
    "100",
    "-N",
    "5",
    "-lambda",
    "6.2",
    "-distance",
    "100",
    "-detpixels",
    "12",
]
CASES = {
    "plain": [*CELL, "-oversample", "2"],
    "steps": [*CELL, "-mosaic", "0.3", "-mosaic_dom", "3", "-phi", "0", "-osc", "1", "-phisteps", "2", "-dmin", "5"],
    "layers": [*CELL, "-detector_abs", "234", "-thick", "200", "-detector_thicksteps", "2", "-roi", "2", "9", "1", "7"],
    "round": [*CELL, "-round_xtal", "-interpolate", "0"],
}
CASES["every step"] = [*CASES["steps"], "-hdivrange", "2", "-hdivsteps", "2", "--trace-steps"]
CASES["every step of a round crystal"] = [*CASES["round"], "-mosaic", "1", "-mosaic_dom", "2", "--trace-steps"]


def made(folder: Path, side: str, args: list[str], *pixels: str, out: str = "") -> Path:
    name = out or f"{side}.zarr"
    status, said, err = perform(["trace", side, *(pixels or ("--all",)), "--out", name, "--", *args], folder)
    assert (status, err) == (0, ""), (said, err)
    return folder / name


@pytest.mark.parametrize("case", CASES)
def test_both_programs_fill_equal_stores(tmp_path: Path, case: str):
    a, b = (open_store(made(tmp_path, side, CASES[case])) for side in ("reference", "sim"))
    a.verify()
    b.verify()
    assert np.array_equal(a.pixels, b.pixels)
    status, out, err = perform(["diff", "reference.zarr", "sim.zarr"], tmp_path)
    assert (status, err) == (0, "") and out.startswith("SAME"), out


@pytest.mark.parametrize("case", CASES)
def test_a_store_holds_the_text_trace_of_each_pixel_bit_for_bit(tmp_path: Path, case: str):
    store = open_store(made(tmp_path, "sim", CASES[case], "--pixels", "5,6;3,3"))
    assert store.pixels.tolist() == [[3, 3], [5, 6]]
    status, _, err = perform(["trace", "sim", "--pixel", "5,6", "--out", "logs", "--", *CASES[case]], tmp_path)
    assert (status, err) == (0, "")
    text = [r for r in read(tmp_path / "logs" / "sim-5-6.log").records if r.prefix == "TRACE_PY"]
    one = store.trace(5, 6)
    for name in {r.quantity for r in text} & set(store.names):
        assert [r.values for r in one.find(name)] == [r.values for r in text if r.quantity == name], name
    assert {r.quantity for r in one} <= {r.quantity for r in text}


def test_the_last_column_is_the_image(tmp_path: Path):
    store = open_store(made(tmp_path, "sim", CASES["plain"]))
    status, _, err = perform(["sim", *CASES["plain"], "-floatfile", "i.bin"], tmp_path)
    assert status == 0, err
    image = read_image(tmp_path / "i.bin", (12, 12))
    assert np.array_equal(store.read("floatimage_accumulated").reshape(12, 12), image)
    assert not is_missing(store.read("I_pixel_final")).any()


def test_two_faults_are_two_causes_and_both_graft(tmp_path: Path):
    """A wrong F everywhere and a wrong polarisation: named apart, with their pictures; the graft proves them."""
    made(tmp_path, "reference", CASES["plain"])
    wrong = [*CASES["plain"], "-default_F", "101", "-polar", "0.5"]
    made(tmp_path, "sim", wrong)
    words = ["diff", "reference.zarr", "sim.zarr", "--pictures", "maps", "--json"]
    status, out, err = perform(words, tmp_path)
    told = json.loads(out)
    assert (status, err) == (1, "")
    assert sorted(tuple(c["quantities"]) for c in told["causes"]) == [("F_cell",), ("polar",)]
    assert {Path(p).name for p in told["pictures"]} >= {"origins.png", "origins.txt", "difference.png"}
    assert (tmp_path / "maps" / "origins.png").read_bytes().startswith(b"\x89PNG")
    for words in (["graft", "reference.zarr", "--enough", "1", "--json", "--", *wrong],
                  ["graft", "reference.zarr", "sim.zarr", "--enough", "1", "--json"]):  # fmt: skip
        status, out, err = perform(words, tmp_path)
        told = json.loads(out)
        assert (status, err) == (0, ""), err
        assert sorted(told["quantities"]) == ["F_cell", "polar"]
        assert told["error_after"] < 1e-9 * told["error_before"]
        assert next(o["healed"] for o in told["origins"] if o["quantity"] == "F_cell") > 0.99
        assert [o["unsure"] for o in told["origins"]] == [[], []]


def test_a_fault_behind_another_is_named_and_each_share_is_what_its_repair_heals(tmp_path: Path):
    """Another wavelength and another fluence; the intensity alone would heal all, and is not what is named."""
    made(tmp_path, "reference", CASES["plain"])
    repaired = made(tmp_path, "sim", [*CASES["plain"], "-fluence", "1.3e29"], out="one.zarr")
    wrong = [*CASES["plain"], "-fluence", "1.3e29", "-lambda", "6.3"]
    made(tmp_path, "sim", wrong)
    final = [open_store(tmp_path / n).read("I_pixel_final") for n in ("reference.zarr", "sim.zarr", repaired.name)]
    heals = 1 - np.abs(final[2] - final[0]).sum() / np.abs(final[1] - final[0]).sum()
    for words in (["--", *wrong], ["sim.zarr"]):
        status, out, err = perform(["graft", "--json", "reference.zarr", *words], tmp_path)
        told = json.loads(out)
        assert (status, err) == (0, ""), err
        assert sorted(told["quantities"]) == ["fluence_photons_per_m2", "lambda_meters"]
        if words[0] == "--":  # of all pixels; of two stores the costliest are carried through the formulas
            share = next(o["healed"] for o in told["origins"] if o["quantity"] == "lambda_meters")
            assert share == pytest.approx(heals, abs=1e-9)


def test_a_graft_that_heals_nothing_and_one_that_cannot_be(tmp_path: Path):
    made(tmp_path, "reference", CASES["plain"])
    wrong = [*CASES["plain"], "-default_F", "101"]
    status, out, _ = perform(["graft", "reference.zarr", "--quantity", "polar", "--json", "--", *wrong], tmp_path)
    told = json.loads(out)
    assert status == 1 and not told["heals"] and abs(told["healed"]) < 1e-9
    status, _, err = perform(["graft", "reference.zarr", "--quantity", "cos_2theta", "--", *wrong], tmp_path)
    assert status == 2 and "[graft-impossible]" in err
    many = CASES["steps"]
    made(tmp_path, "reference", many, out="steps.zarr")
    status, _, err = perform(["graft", "steps.zarr", "--quantity", "F_latt", "--", *many], tmp_path)
    assert status == 2 and "1 of its 6 samples" in err
    status, _, err = perform(["graft", "reference.zarr", "--", *CASES["plain"], "-oversample", "3"], tmp_path)
    assert status == 2 and "[graft-sampling]" in err and "-oversample 2" in err
    assert perform(["graft", "reference.zarr", "--", *CASES["plain"]], tmp_path)[0] == 0


def test_with_every_step_recorded_a_quantity_of_many_steps_is_grafted(tmp_path: Path):
    many = [*CELL, "-mosaic", "0.3", "-mosaic_dom", "3", "-phi", "0", "-osc", "1", "-phisteps", "2"]
    made(tmp_path, "reference", [*many, "--trace-steps"])
    status, out, err = perform(["graft", "reference.zarr", "--json", "--", *many, "-misset", "0", "0.2", "0"], tmp_path)
    told = json.loads(out)
    assert (status, err) == (0, ""), err
    assert {"rot_a_angstroms", "rot_c_angstroms"} <= {o["quantity"] for o in told["origins"]}
    assert told["error_after"] < 1e-9 * told["error_before"]


@pytest.mark.parametrize(
    ("side", "word"), [("sim", "--quirks none"), ("sim", "--quirks=none"), ("reference", "--quirks=none")]
)
def test_which_quirks_are_reproduced_is_a_setting(tmp_path: Path, side: str, word: str):
    made(tmp_path, "reference", CASES["plain"])
    made(tmp_path, side, [*CASES["plain"], *word.split()], out="none.zarr")
    told = json.loads(perform(["diff", "reference.zarr", "none.zarr", "--json"], tmp_path)[1])
    assert {"name": "quirks", "reference": "nanobragg", "candidate": "none"} in told["settings"]


def test_an_intensity_that_the_reference_has_wrong_is_not_grafted(tmp_path: Path):
    """It would heal everything, and the candidate is not at fault."""
    many = prepare(CASES["plain"], selected("all"))
    write_store(many, tmp_path / "bad.zarr", lambda batch: brighter)
    reference = Rerun(many, open_store(tmp_path / "bad.zarr"), load(), tmp_path)
    assert reference.obstacle("I_pixel_final") == ITSELF


def test_an_intensity_that_the_candidate_has_wrong_is_grafted(tmp_path: Path):
    many = prepare(CASES["plain"], selected("all"))
    write_store(many, tmp_path / "good.zarr")
    wrong = Brighter(many.scene, many.state, many.pixels, many.facts)
    assert Rerun(wrong, open_store(tmp_path / "good.zarr"), load(), tmp_path).obstacle("I_pixel_final") == ""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_image_that_differs_by_rounding_alone_is_nothing_to_heal(tmp_path: Path, dtype: str):
    """A sign that the square takes away; the last digit of the intensity is another one all the same."""
    write_store(prepare(CASES["plain"], selected("all")), tmp_path / "good.zarr")
    many = prepare([*CASES["plain"], "--dtype", dtype], selected("all"))
    turned = Turned(many.scene, many.state, many.pixels, many.facts)
    rerun = Rerun(turned, open_store(tmp_path / "good.zarr"), load(), tmp_path)
    assert heal(rerun, load()).same and together(rerun, ["F_latt"]).same
    assert "F_latt" in rerun.differing()
    assert rerun.error(frozenset(["polar"])) == 0


class Brighter(Many):
    """A simulator with a fault in its intensity."""

    def run(self, rows: Pixels, plan: Plan, listener: Listener) -> Array:
        return super().run(rows, plan, lambda name, value, at: listener(name, brighter(name, value, at), at))


class Turned(Many):
    """A simulator with a wrong sign, and a rounding."""

    def run(self, rows: Pixels, plan: Plan, listener: Listener) -> Array:
        return super().run(rows, plan, lambda name, value, at: listener(name, turned(name, value, at), at))


def turned(name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
    """A listener that turns a sign which the intensity does not show, and rounds it otherwise."""
    return -value if name == "F_latt" else value * (1 + 4e-16) if name == "I_pixel_final" else value


def brighter(name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
    """A listener that puts a fault into the intensity."""
    return 1.5 * value if name == "I_pixel_final" else value


def test_a_single_trace_is_enough_for_a_graft(tmp_path: Path):
    perform(["trace", "reference", "--pixel", "5,6", "--out", "t", "--", *CASES["plain"]], tmp_path)
    wrong = [*CASES["plain"], "-fluence", "1e24"]
    status, out, err = perform(["graft", "t/reference-5-6.log", "--json", "--", *wrong], tmp_path)
    assert (status, err) == (0, ""), err
    assert json.loads(out)["quantities"] == ["fluence_photons_per_m2"]


def test_programs_that_are_not_ours(tmp_path: Path):
    toys.tilted(tmp_path)
    for side in ("reference", "candidate"):
        words = ["trace", side, "--inquiry", "firstbad.toml", "--roi", "1,2,0,1", "--out", f"{side}.zarr"]
        assert perform(words, tmp_path)[0] == 0
    catalogue = ["--catalogue", "toy.toml", "--json"]
    status, out, _ = perform(["diff", "reference.zarr", "candidate.zarr", *catalogue], tmp_path)
    told = json.loads(out)
    assert status == 1 and [c["quantities"] for c in told["causes"]] == [["tilt"]]
    assert told["pixels"] == 4
    more = 'formula = "F_cell"\nfinal = true\n'  # not the truth: the candidate breaks it, so it is assumed
    (tmp_path / "final.toml").write_text((tmp_path / "toy.toml").read_text() + more)
    catalogue = ["--catalogue", "final.toml", "--json"]
    status, out, _ = perform(["graft", "reference.zarr", "candidate.zarr", *catalogue], tmp_path)
    told = json.loads(out)
    assert status == 0 and {"tilt"} < set(told["quantities"])
    tilt = next(o for o in told["origins"] if o["quantity"] == "tilt")
    assert tilt["healed"] < 1 and tilt["unsure"] == ["I_pixel_final"]


REFUSED = {
    "trace sim -- -N 1": "usage",
    "trace sim --all": "usage",
    "trace sim --all --roi 1,2,3,4 -- -N 1": "usage",
    "trace sim --roi 4,1,0,1 -- -N 1": "pixel-choice",
    "trace sim --pixels 1 -- -N 1": "pixel-choice",
    "trace sim --all --out a.log -- -N 1": "store-exists",
    "trace candidate --inquiry firstbad.toml --all": "no-shape",
    "trace candidate --inquiry firstbad.toml --roi 0,1,0,1 --case other": "no-case",
    "graft a.log": "usage",
    "graft a.log b.log --enough 2": "usage",
    "graft a.log -- -default_F 1 -cell 9 9 9 90 90 90": "graft-no-pixel",
    "graft a.log a.log": "graft-no-intensity",
    "diff a.log a.log --pictures x": "usage",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused(tmp_path: Path, line: str):
    toys.pair(tmp_path)
    (tmp_path / "a.log").write_text("TRACE_C: F_cell 100\n")
    status, out, err = perform(line.split(), tmp_path)
    assert (status, out) == (2, ""), out
    assert f"[{REFUSED[line]}]" in err, err


def test_a_store_and_a_trace_are_not_compared(tmp_path: Path):
    made(tmp_path, "sim", CASES["plain"], "--pixels", "1,1")
    (tmp_path / "a.log").write_text("TRACE_C: F_cell 100\n")
    for words in (["diff", "sim.zarr", "a.log"], ["graft", "a.log", "sim.zarr"]):
        status, _, err = perform(words, tmp_path)
        assert status == 2 and "[store-and-trace]" in err
