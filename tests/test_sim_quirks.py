"""Every switch of the quirks changes what it says, alone; and docs/quirks.md knows every switch and every number."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import torch
from firstbad.sim.flags import parse
from firstbad.sim.program import main
from firstbad.sim.quirks import NANOBRAGG, NONE, Quirks, named
from firstbad.sim.resolve import resolve
from firstbad.sim.simulate import simulate
from sim_lines import HKL, write_inputs

CUBIC = "-cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -default_F 100 -distance 100 -detpixels 9 -seed 1"
BITES = {
    "c_star_volume": "-cell 70 80 90 75 85 95",
    "substring_options": "-twotheta 0 -twotheta_axis 9 0 1",
    "forced_pivot": "-pivot sample -twotheta 20",
    "ignored_pix0": "-pix0_vector 0.2 0.001 -0.001",
    "phi_carry_over": "-phi 0 -osc 10 -phisteps 2",
    "misset_in_degrees": "-misset random -misset_seed 3",
    "mosaic_float32": "-mosaic 1 -mosaic_domains 3",
    "cached_factors": "-oversample 2 -distance 5",
    "layer_spacing": "-detector_thick 450 -detector_abs 500 -thicksteps 3",
    "ignored_weights": "-sourcefile s.txt",
    "interpolation_switch": f"-hkl {HKL} -interpolate -lambda 1.2 -distance 3",
    "stale_cache": "-N 5",
    "joint_width": "-gauss_xtal",
    "frozen_distance": "-twotheta 20 -curved_det -N 5",
    "signed_omega": "-twotheta 120",
    "water_twice": "-water 1 -fluence 1e28",
    "steps_int32": "-oversample 70000 -roi 20 20 20 20",
}
"""For each switch a command line on which it shows."""
SWITCHES = [field.name for field in dataclasses.fields(Quirks)]


def image(line: str, quirks: Quirks, folder: Path) -> torch.Tensor:
    return simulate(parse(f"{CUBIC} {line}".split(), folder=folder, quirks=quirks), quirks=quirks)


def test_every_switch_has_its_line() -> None:
    assert list(BITES) == SWITCHES


@pytest.mark.parametrize("name", [name for name in SWITCHES if name != "steps_int32"])
def test_a_switch_alone_changes_the_image_it_speaks_of(name: str, tmp_path: Path) -> None:
    write_inputs(tmp_path)
    if name == "stale_cache":
        (tmp_path / "Fdump.bin").write_bytes(b"0 0 0 0 0 0\n\f" + b"\1" * 64)
    off = named(f"nanobragg,-{name}")
    with_quirk, without = (image(BITES[name], quirks, tmp_path) for quirks in (NANOBRAGG, off))
    assert torch.isfinite(without).all()
    assert not torch.equal(with_quirk, without)
    (tmp_path / "Fdump.bin").unlink(missing_ok=True)
    torch.testing.assert_close(image("", off, tmp_path), image("", NANOBRAGG, tmp_path), rtol=1e-12, atol=0)


def test_a_count_of_steps_that_wraps(tmp_path: Path) -> None:
    def steps(quirks: Quirks) -> int:
        experiment = parse(f"{CUBIC} {BITES['steps_int32']}".split(), folder=tmp_path, quirks=quirks)
        return resolve(experiment, quirks=quirks).statics.steps

    assert steps(NANOBRAGG) == 70000**2 - 2**32
    assert steps(named("nanobragg,-steps_int32")) == 70000**2


def test_sets_are_named_and_changed_one_by_one() -> None:
    assert named("nanobragg") == NANOBRAGG
    assert named("none") == NONE
    assert named("none,+joint_width").joint_width
    assert dataclasses.replace(NANOBRAGG, phi_carry_over=False) == named("nanobragg,-phi_carry_over")


@pytest.mark.parametrize("words", ["some", "", "none,joint_width", "none,+nothing"])
def test_an_unknown_set_is_an_error_that_lists_the_names(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CUBIC.split(), f"--quirks={words}"]) == 2
    assert capsys.readouterr().err.startswith("error: --quirks ")


def test_the_page_knows_every_number_and_every_switch() -> None:
    page = (Path(__file__).parents[1] / "docs" / "quirks.md").read_text()
    told: set[int] = set()
    for first, second in re.findall(r"Q-(\d\d)(?: to Q-(\d\d))?", page):
        told.update(range(int(first), int(second or first) + 1))
    assert told == set(range(1, 47))
    assert set(re.findall(r"`(\w+)` \|", page)) == set(SWITCHES)
