"""nanoBragg's command line: how arguments match, in which order, and what they bring with them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from firstbad.sim.experiment import Experiment
from firstbad.sim.flags import parse
from firstbad.sim.numbers import c_float, c_int, wrap32
from firstbad.sim.quirks import NONE
from firstbad.sim.steps import Grid, grid, phi_grid
from firstbad.tracer.errors import FirstbadError
from hypothesis import given
from hypothesis import strategies as st
from sim_lines import IMAGE, MASK, write_inputs


def read(line: str, folder: Path | str = ".") -> Experiment:
    return parse(line.split(), folder=folder)


@pytest.mark.parametrize(
    ("text", "value"),
    [("6.2", 6.2), ("  -1e-3x", -1e-3), ("0x10", 16.0), ("abc", 0.0), ("1e", 1.0), ("-inf", -math.inf), ("5.", 5.0)],
)
def test_numbers_parse_by_their_prefix(text: str, value: float) -> None:
    assert c_float(text) == value


@given(st.integers(-(2**40), 2**40))
def test_integers_stop_at_the_first_other_character(value: int) -> None:
    assert c_int(f" {value}.7e3") == value
    assert -(2**31) <= wrap32(value) < 2**31
    assert (wrap32(value) - value) % 2**32 == 0


@pytest.mark.parametrize("word", ["-lambda", "--lambda", "-lambdaX", "-foo-lambda", "-wavelength"])
def test_an_option_matches_where_its_text_occurs(word: str) -> None:
    assert read(f"{word} 2.5").beam.wavelength_A == 2.5


def test_without_quirks_a_whole_word_is_needed() -> None:
    experiment = parse(["-foo-lambda", "2.5", "-twotheta", "10", "-twotheta_axis", "1", "0", "0"], quirks=NONE)
    assert experiment.beam.wavelength_A == 1.0
    assert experiment.detector.twotheta_deg == 10.0


def test_a_two_theta_axis_is_a_two_theta_as_well() -> None:
    assert read("-twotheta 10 -twotheta_axis 1 0 0").detector.twotheta_deg == 1.0
    assert read("-twotheta_axis 0 1 0 -twotheta 10").detector.twotheta_deg == 10.0


def test_lengths_tell_apart_what_texts_do_not() -> None:
    crystal = read("-phi 3 -phistep 2 -phisteps 5 -mosaic 0.5 -mosaic_dom 7").crystal
    assert (crystal.phi_deg, crystal.phistep_deg, crystal.phisteps) == (3.0, 2.0, 5)
    assert (crystal.mosaic_spread_deg, crystal.mosaic_domains) == (0.5, 7)
    detector = read("-detpixels 8 -detpixels_f 9 -detector_thick 450 -detector_thicksteps 3").detector
    assert (detector.fpixels, detector.spixels, detector.thickness_um, detector.thicksteps) == (9, 8, 450.0, 3)


def test_single_cells_stop_the_scan_and_n_needs_equality() -> None:
    assert read("-N 5 -Nb 3").crystal.N == (5, 3, 5)
    assert read("-Nx 5").crystal.N == (1, 1, 1)
    assert read("-oversample 3 -oversample_thick").sampling.oversample == 3


def test_the_cell_reads_until_a_dash_and_keeps_earlier_numbers() -> None:
    assert read("-cell 70 80 90 75 85 95 -cell 60 -N 5").crystal.cell == (60.0, 80.0, 90.0, 75.0, 85.0, 95.0)
    assert read("-cell -N 5").crystal.user_cell


def test_the_later_misset_wins_either_way() -> None:
    assert read("-misset random -misset 1 2 3").crystal.misset_deg == (1.0, 2.0, 3.0)
    assert read("-misset 1 2 3 -misset random").crystal.misset_random
    assert read("-misset 1 2").crystal.misset_deg is None
    assert read("-misset_seed 5 -N 5 -lambda 1").crystal.misset_deg is None


@pytest.mark.parametrize(
    ("line", "pivot"),
    [("-ORGX 3", "SAMPLE"), ("-ORGX 3 -Xbeam 2", "BEAM"), ("-distance 10 -twotheta 1", "SAMPLE"),
     ("-close_distance 5 -pivot beam", "BEAM"), ("-xds -dials", "BEAM")],
)  # fmt: skip
def test_flags_collect_a_pivot(line: str, pivot: str) -> None:
    assert read(line).detector.pivot == pivot


def test_polar_and_nopolar_undo_each_other() -> None:
    assert not read("-nopolar -polar 0.9").beam.nopolar
    assert read("-polar 0.9 -nopolar").beam.nopolar


def test_an_infinite_attenuation_depth_takes_the_thickness_that_came_before() -> None:
    assert read("-detector_thick 450 -detector_abs inf").detector.thickness_um == 0.0
    later = read("-detector_abs inf -detector_thick 450").detector
    assert (later.thickness_um, later.mu_per_m) == (450.0, 0.0)
    assert read("-detector_abs 500").detector.mu_per_m == 1.0 / (500 * 1e-6)


def test_outputs_switch_each_other_on_and_off() -> None:
    assert read("-nonoise -noisefile n.img").output.noise
    assert not read("-noisefile n.img -nonoise").output.noise
    assert read("-nopgm -pgmscale 2").output.pgm


@pytest.mark.parametrize("option", ["-detector_abs", "-detector_thick", "-detector_thicksteps", "-thicksteps"])
def test_where_the_real_program_crashes_a_sentence_is_said(option: str) -> None:
    with pytest.raises(FirstbadError) as caught:
        read(f"-N 5 {option}")
    assert caught.value.slug == "option-without-value"
    assert option in caught.value.message


def test_a_missing_value_is_ignored_with_a_warning() -> None:
    experiment = read("-N 5 -distance")
    assert experiment.detector.distance_mm is None
    assert any("-distance" in warning for warning in experiment.warnings)
    assert any("-curved_det" in warning for warning in read("-curved_det").warnings)


def test_an_unknown_argument_names_the_nearest_option() -> None:
    warnings = read("-lamda 6.2 -default_f 100 12").warnings
    assert any("-lamda" in w and "-lambda" in w for w in warnings)
    assert any("-default_f" in w and "-default_F" in w for w in warnings)
    assert read("-misset -3 4 -5 -roi 1 2 3 4 -beam_vector 0 -1 0").warnings == ()


def test_headers_come_first_and_the_image_last(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    mask = read(f"-mask {MASK}", tmp_path).detector
    assert (mask.fpixels, mask.spixels, mask.pixel_mm) == (11, 9, 0.2)
    assert mask.close_distance_mm == 120.0
    assert mask.distance_mm == 120.0, "DISTANCE is found inside CLOSE_DISTANCE, which comes later"
    assert mask.Ybeam_mm == pytest.approx(9 * 0.2 - 1.1)
    both = read(f"-img {IMAGE} -mask {MASK} -lambda 3", tmp_path)
    assert both.detector.Ybeam_mm == 1.1
    assert both.beam.wavelength_A == 3.0
    assert both.detector.ORGX_px == 5.5
    with pytest.raises(FirstbadError) as caught:
        read("-img nothere.img", tmp_path)
    assert caught.value.slug == "unreadable-file"


def test_a_file_without_a_header_is_said_and_ignored(tmp_path: Path) -> None:
    (tmp_path / "x.img").write_bytes(b"no header at all")
    experiment = read("-mask x.img", tmp_path)
    assert experiment.detector.mask_file is None
    assert any("x.img" in warning for warning in experiment.warnings)


@pytest.mark.parametrize("line", ["-pixel 0", "-lambda 0", "-energy 0"])
def test_an_impossible_experiment_is_refused(line: str) -> None:
    with pytest.raises(FirstbadError):
        read(line)


@pytest.mark.parametrize(
    ("given_parts", "result"),
    [
        ((None, None, None), (1, 0.0, 0.0)),
        ((None, None, 0.5), (2, 0.5, 0.5)),
        ((None, 2.0, None), (2, 2.0, 2.0)),
        ((None, 2.0, 0.5), (4, 2.0, 0.5)),
        ((4, None, None), (4, 1.0, 0.25)),
        ((9, None, 0.5), (2, 0.5, 0.5)),
        ((1, 2.0, None), (2, 2.0, 2.0)),
        ((5, 2.0, None), (5, 2.0, 0.5)),
        ((5, 2.0, 0.1), (5, 2.0, 0.1)),
        ((3, 0.0, None), (1, 0.0, 0.0)),
    ],
)
def test_scans_complete_themselves(
    given_parts: tuple[int | None, float | None, float | None], result: tuple[int, float, float]
) -> None:
    assert grid(*given_parts, default=1.0) == Grid(*result)


def test_phi_scans_have_rules_of_their_own() -> None:
    assert phi_grid(7, None, None, default=1.0) == Grid(7, 1.0, 1.0 / 7)
    assert phi_grid(1, 5.0, None, default=1.0) == Grid(1, 5.0, 5.0)
    assert phi_grid(0, None, None, default=1.0) == Grid(1, 1.0, 1.0)
    assert phi_grid(None, 0.0, None, default=1.0) == Grid(2, 0.0, 0.0)
    assert phi_grid(3, 6.0, 0.0, default=1.0) == Grid(3, 6.0, 0.0)
    assert phi_grid(7, None, 3.0, default=1.0) == Grid(2, 3.0, 3.0)
