"""Gradients of the image by every physical parameter, against finite differences."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.flags import parse
from firstbad.sim.quirks import NANOBRAGG, Quirks
from firstbad.sim.simulate import simulate

# The float32 rounding of a mosaic angle hides a step of 1e-6 from finite differences.
SMOOTH = dataclasses.replace(NANOBRAGG, mosaic_float32=False)
CASES = {
    "cubic": "-cell 100 100 100 90 90 90 -N 3 -lambda 6.2 -distance 100 -detpixels 3 -default_F 10 -hkl P1.hkl "
    "-phi 2 -osc 3 -phisteps 2 -fluence 1e30",
    "triclinic": "-cell 70 80 90 75 85 95 -N 3 -lambda 2.5 -distance 60 -detpixels 3 -hkl P1.hkl -default_F 12 -polar 0.7 "
    "-misset 3 4 5 -detector_rotx 2 -detector_roty 1 -detector_rotz 3 -phi 1 -mosaic 0.4 -mosaic_domains 3 "
    "-oversample 2 -gauss_xtal -fluence 1e31",
    "custom": "-fdet_vector 1 0 0 -sdet_vector 0 1 0 -odet_vector 0 0 1 -beam_vector 0 0 1 -polar_vector 1 0 0 "
    "-spindle_axis 1 0 0 -twotheta_axis 1 0 0 -Xbeam 0.1 -Ybeam 0.2 -cell 60 70 80 90 95 90 -N 2 -lambda 3.1 -distance 80 -detpixels 3 -hkl P1.hkl -default_F 12 -interpolate "
    "-misset 8 -4 2 -twotheta 3 -detector_rotx 1 -phi 4 -round_xtal -dispersion 2 -dispsteps 2 -fluence 1e31 "
    "-detector_thick 300 -detector_abs 500 -thicksteps 2 -pivot sample -mosaic 0.3 -mosaic_domains 2",
}
START = {
    "cell": lambda e: torch.tensor(e.crystal.cell),
    "misset": lambda e: torch.tensor(e.crystal.misset_deg or (0.1, 0.2, 0.3)),
    "phi": lambda e: torch.tensor(e.crystal.phi_deg),
    "distance": lambda e: torch.tensor(e.detector.distance_mm),
    "beam_center": lambda e: torch.tensor((0.11, 0.13)),
    "rotations": lambda e: torch.tensor(e.detector.rotations_deg),
    "twotheta": lambda e: torch.tensor(e.detector.twotheta_deg),
    "wavelength": lambda e: torch.tensor(e.beam.wavelength_A),
    "default_F": lambda e: torch.tensor(e.crystal.default_F or 5.0),
    "mosaic_spread": lambda e: torch.tensor(e.crystal.mosaic_spread_deg or 0.5),
    "structure_factors": lambda e: torch.linspace(5, 40, 64).reshape(4, 4, 4),
    "fluence": lambda e: torch.tensor(1.0),
}
FAST = [("cubic", "cell"), ("triclinic", "misset"), ("custom", "structure_factors"), ("custom", "distance")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a 4×4×4 block of structure factors around the origin, two thirds of which no line names."""
    rng = np.random.default_rng(5)
    rows = [
        f"{h} {k} {l} {rng.uniform(5, 40):.4g}"
        for h in range(-2, 2)
        for k in range(-2, 2)
        for l in range(-2, 2)  # noqa: E741
        if (h - k + 2 * l) % 3 == 1
    ]
    (tmp_path / "P1.hkl").write_text("\n".join(rows) + "\n")
    return tmp_path


def check(case: str, name: str, folder: Path, quirks: Quirks = SMOOTH) -> None:
    experiment = parse(CASES[case].split(), folder=folder)
    scale = 1e30 if name == "fluence" else 1.0

    def image(value: torch.Tensor) -> torch.Tensor:
        return simulate(experiment, overrides={name: value * scale}, quirks=quirks)

    start = START[name](experiment).double().requires_grad_()
    assert torch.autograd.gradcheck(image, (start,), eps=1e-6, atol=1e-6, rtol=1e-4, nondet_tol=0.0)
    (gradient,) = torch.autograd.grad(image(start).sum(), start)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0, "a gradient that is always zero would pass every check"


@pytest.mark.parametrize(("case", "name"), FAST)
def test_a_gradient_agrees_with_finite_differences(case: str, name: str, folder: Path) -> None:
    check(case, name, folder)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", START)
def test_every_gradient_agrees_with_finite_differences(case: str, name: str, folder: Path) -> None:
    check(case, name, folder)


def test_a_gradient_passes_through_float32_and_tiles(folder: Path) -> None:
    experiment = parse(CASES["triclinic"].split(), folder=folder)
    cell = torch.tensor(experiment.crystal.cell, dtype=torch.float64, requires_grad=True)
    whole = torch.autograd.grad(simulate(experiment, overrides={"cell": cell}).sum(), cell)[0]
    tiled = torch.autograd.grad(simulate(experiment, overrides={"cell": cell}, tile=4).sum(), cell)[0]
    single = torch.autograd.grad(simulate(experiment, overrides={"cell": cell}, dtype=torch.float32).sum(), cell)[0]
    torch.testing.assert_close(tiled, whole, rtol=1e-12, atol=1e-11 * float(whole.abs().max()))
    torch.testing.assert_close(single, whole, rtol=1e-3, atol=1e-4 * float(whole.abs().max()))
