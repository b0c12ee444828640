"""The compiled kernel is the eager one: same bits where `exact` says so, and honest fallbacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from firstbad.sim import scatter
from firstbad.sim.compiled import _exported, built, compiled_run, exact, image_run, kernel_path, unfit
from firstbad.sim.flags import parse
from firstbad.sim.loops import PIXELS, NoLoopError, c_source
from firstbad.sim.resolve import resolve
from firstbad.sim.shape import waves
from firstbad.sim.simulate import run

ARGS = ["-default_F", "100", "-cell", "100", "100", "100", "90", "90", "90", "-lambda", "6.2", "-N", "5"]
THICK = ("-detector_thick", "100", "-detector_thicksteps", "3", "-detector_abs", "50")
SWEEP = ["-phi", "0", "-osc", "1", "-phisteps", "3", "-mosaic", "0.5", "-mosaic_dom", "4"]


def scene_of(*more, dtype=torch.float32):
    words = [*ARGS, "-distance", "100", "-detpixels", "50", *more]
    return resolve(parse(words)).to(dtype, "cpu")


@pytest.mark.parametrize("count", [2, 3, 5, 6, 16, 17, 30, 101])
def test_waves_are_sin_Nx_over_sin_x(count):
    d = torch.linspace(-0.5, 0.5, 4001, dtype=torch.float32)
    x = np.pi * d.double().numpy()
    with np.errstate(invalid="ignore"):
        expected = np.where(x == 0, count, np.sin(count * x) / np.sin(x))
    assert np.abs(waves(d, count).double().numpy() - expected).max() <= 3e-7 * count * count


def test_unfit_scenes_say_why(tmp_path):
    assert unfit(scene_of()) is None
    assert "float32" in unfit(scene_of(dtype=torch.float64))
    assert "-oversample_" in unfit(scene_of("-oversample_omega"))
    assert "region" in unfit(scene_of("-roi", "3", "20", "4", "30"))


def test_numbers_do_not_change_the_kernel_but_switches_do(tmp_path):
    path = kernel_path(scene_of())
    assert path == kernel_path(scene_of("-misset", "10", "20", "30", "-fluence", "1e20"))
    assert path != kernel_path(scene_of("-nopolar"))
    assert kernel_path(scene_of(*SWEEP)) == kernel_path(scene_of(*SWEEP, "-phisteps", "7"))


def test_asked_for_but_impossible_is_said(tmp_path):
    said: list[str] = []
    scene = scene_of(dtype=torch.float64)
    assert torch.equal(image_run(scene, "compiled", warn=said.append).image, run(scene).image)
    assert len(said) == 1 and "float32" in said[0]


def test_without_a_compiler_one_warning(tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setenv("FIRSTBAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    scene = scene_of()
    assert torch.equal(image_run(scene, "compiled", warn=said.append).image, run(scene).image)
    assert said == [
        "the kernel cannot be compiled here (there is no C compiler on this machine); the image is computed eagerly"
    ]


@pytest.mark.parametrize(
    "more",
    [
        (),
        SWEEP,
        ("-oversample", "2", "-hdivrange", "1", "-hdivsteps", "2"),
        ("-dmin", "3", "-polar", "0.5", "-Na", "1", "-Nb", "20"),
        ("-point_pixel", "-nopolar", "-water", "10", "-detpixels", "131"),
        ("-hkl", "few.hkl", "-nointerpolate", *SWEEP),
    ],
    ids=lambda words: " ".join(words) or "single",
)
def test_compiled_image_has_the_bits_of_the_eager_one(tmp_path, monkeypatch, more):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.hkl").write_text("0 0 0 10\n1 2 3 40\n-1 2 0 7\n0 1 0 30\n")
    fixed = () if "-oversample" in more else ("-oversample", "1")  # a shorter wavelength asks for more subpixels
    first = scene_of(*more, *fixed)
    assert exact(first.statics)
    kernel = built(first)
    for words in ((*more, *fixed), (*more, *fixed, "-misset", "3", "4", "5", "-lambda", "1.5", "-detpixels", "37")):
        scene = scene_of(*words)
        assert kernel_path(scene) == kernel_path(first)
        with torch.no_grad():
            eager = run(scene)
        compiled = compiled_run(scene, kernel)
        assert float(eager.image.max()) > 0
        assert torch.equal(eager.image, compiled.image)
        assert compiled.omega_sum == pytest.approx(eager.omega_sum, rel=1e-6)


def test_a_trace_that_changes_the_last_bits_of_a_compiled_image_says_so():
    said: list[str] = []
    for more in ((), ("-gauss_xtal",)):
        image_run(scene_of(*more), "eager", traced=True, warn=said.append)
        image_run(scene_of(*more), "auto", traced=True, warn=said.append)  # too small to be compiled
    image_run(scene_of(), "compiled", traced=True, warn=said.append)
    assert said == []
    image_run(scene_of("-gauss_xtal"), "compiled", traced=True, warn=said.append)
    assert [text for text in said if "its last bits may differ" in text] == said and len(said) == 1


@pytest.mark.parametrize("more", [("-round_xtal",), ("-gauss_xtal",), ("-tophat_spots",), ("-curved_det",), THICK])
def test_library_functions_round_alike_to_a_few_units(more):
    scene = scene_of(*more, "-mosaic", "0.5", "-mosaic_dom", "3")
    eager, compiled = run(scene).image, compiled_run(scene, built(scene)).image
    assert ((eager - compiled).abs() <= 2e-5 * eager.abs().clamp(min=1e-3 * float(eager.max()))).float().mean() > 0.999


def test_an_operation_that_is_not_known_is_refused():
    class Module(torch.nn.Module):
        def forward(self, slow, fast):
            return torch.erf(fast.float()), slow.float()

    index = torch.arange(PIXELS)
    with pytest.raises(NoLoopError, match="erf"):
        c_source(torch.export.export(Module(), (index, index.clone())))


def test_taps_leave_nothing_in_the_kernel(monkeypatch):
    scene = scene_of(*SWEEP)
    with_taps = c_source(_exported(scene))
    for name in ("tap", "tap_vec", "tap_scaled", "tap_like"):
        monkeypatch.setattr(scatter, name, lambda _, value, *rest: value)
    assert c_source(_exported(scene)) == with_taps
