"""The quirks of the real program, by the numbers that it gave; and what --quirks=none makes of them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from firstbad.sim import reference
from reference_runs import BASE, BASE_SUM, P1, Run, run


def base(folder: Path, *args: str) -> Run:
    done = run(reference.build(), folder, *BASE, *args)
    assert done.status == 0, done.complaints
    return done


SUMS = [
    ("", BASE_SUM),
    ("-twotheta 120", -19383.561),
    ("-mosaic 0.5 -mosaic_domains 1", BASE_SUM),
    ("-hdivsteps 3", 2396.99019),
    ("-water 1 -dmin 10000", 0.0),
    ("-water 1 -dmin 10000 -nopolar", 226220690.0),
]


@pytest.mark.parametrize(("flags", "total"), SUMS)
def test_sums(tmp_path: Path, flags: str, total: float) -> None:
    assert base(tmp_path, *flags.split()).total == pytest.approx(total, rel=1e-8)


PIX0 = [
    ("-spindle_axis 0 0 1", [0.1, 0.0016, -0.0016]),
    ("-pix0_vector 9 9 9 -spindle_axis 0 0 1", [0.1, 0.0016, -0.0016]),
    ("-xds -Xbeam 1 -Ybeam 2 -Xclose 3 -Yclose 1", [-0.0016, -0.0016, 0.1]),
    ("-xds -ORGX 10 -ORGY 12", [-0.00095, -0.00115, 0.1]),
    ("-ORGX 10 -Xclose 3", [0.1, 0.0017, -0.0017]),
    ("-Xbeam 1.0 -Ybeam 1.2", [0.1, 0.00105, -0.00125]),
    ("-close_distance 80 -distance 100", [0.08, 0.0017, -0.0017]),
    ("-distance 100 -close_distance 80", [0.08, 0.0017, -0.0017]),
]


@pytest.mark.parametrize(("flags", "pix0"), PIX0)
def test_where_the_first_pixel_is(tmp_path: Path, flags: str, pix0: list[float]) -> None:
    assert base(tmp_path, *flags.split()).numbers("DETECTOR_PIX0_VECTOR") == pytest.approx(pix0, abs=1e-15)


@pytest.mark.parametrize("flags", ["-mosflm -pivot sample", "-mosflm -twotheta 10", "-mosflm -close_distance 100"])
def test_named_conventions_overrule_the_pivot(tmp_path: Path, flags: str) -> None:
    assert "pivoting detector around direct beam spot" in base(tmp_path, *flags.split()).lines


@pytest.mark.parametrize("flags", ["-xds -pivot beam", "-dials -pivot beam"])
def test_named_conventions_overrule_the_pivot_sample(tmp_path: Path, flags: str) -> None:
    assert "pivoting detector around sample" in base(tmp_path, *flags.split()).lines
    assert "pivoting detector around direct beam spot" in base(tmp_path, *flags.split(), "--quirks=none").lines


TWOTHETA = [
    ("-twotheta_axis 1 0 0", 1.0),
    ("-twotheta 10 -twotheta_axis 0 1 0", 0.0),
    ("-twotheta_axis 0 1 0 -twotheta 10", 10.0),
]


@pytest.mark.parametrize(("flags", "degrees"), TWOTHETA)
def test_twotheta_axis_is_also_a_twotheta(tmp_path: Path, flags: str, degrees: float) -> None:
    assert base(tmp_path, *flags.split()).header("TWOTHETA") == degrees


def test_a_long_twotheta_axis_stretches_the_detector(tmp_path: Path) -> None:
    axis = base(tmp_path, "-twotheta_axis", "0", "0", "-2", "-twotheta", "10").numbers("DETECTOR_FAST_AXIS")
    assert np.linalg.norm(axis) == pytest.approx(1.0456, abs=5e-5)


def test_twotheta_with_the_beam_pivot_reports_a_wrong_distance(tmp_path: Path) -> None:
    done = base(tmp_path, "-twotheta", "20")
    assert any(line.startswith("  distance=0.0939693 ") for line in done.lines)
    assert any(line.endswith(" Sbeam=0.00376263") for line in done.lines)
    right = base(tmp_path, "-twotheta", "20", "--quirks=none")
    assert any(line.startswith("  distance=0.1 ") for line in right.lines)
    assert right.image.tobytes() == done.image.tobytes()


def test_point_pixels_have_no_area(tmp_path: Path) -> None:
    assert base(tmp_path, "-point_pixel").total == pytest.approx(BASE_SUM * 1e8, rel=1e-4)


def test_phi_zero_keeps_the_orientation_before(tmp_path: Path) -> None:
    flags = ["-phi", "0", "-osc", "10", "-phisteps", "2", "-oversample", "2", "-detpixels", "8"]
    first = base(tmp_path, *flags, "-trace_pixel", "0", "0").all_numbers("TRACE_C: rot_a_angstroms")
    assert [row[0] for row in first] == pytest.approx([100, 99.6194698, 99.6194698, 99.6194698])
    later = base(tmp_path, *flags, "-trace_pixel", "0", "1").all_numbers("TRACE_C: rot_a_angstroms")
    assert [row[0] for row in later] == pytest.approx([99.6194698] * 4)
    right = base(tmp_path, *flags, "-trace_pixel", "0", "1", "--quirks=none")
    assert [row[0] for row in right.all_numbers("TRACE_C: rot_a_angstroms")] == pytest.approx([100] * 4)


def test_two_threads_change_the_first_pixel_of_each_block(tmp_path: Path) -> None:
    threaded = reference.build(cflags=[*reference.EXACT_FLAGS, "-fopenmp"])
    flags = [*BASE, "-phi", "0", "-osc", "30", "-phisteps", "3", "-oversample", "1"]
    one = run(threaded, tmp_path / "one", *flags).image.reshape(32, 32)
    two = run(threaded, tmp_path / "two", *flags, threads=2).image.reshape(32, 32)
    assert np.argwhere(one != two).tolist() == [[16, 0]]
    assert one.tobytes() == run(reference.build(), tmp_path / "none", *flags).image.tobytes()


def test_one_sample_out_of_range_ends_interpolation(tmp_path: Path) -> None:
    P1(tmp_path, k_max=4, l_max=2)
    flags = ["-detpixels", "96", "-hkl", "P1.hkl"]
    near = base(tmp_path, *flags, "-nointerpolate").image
    cubic = base(tmp_path, *flags, "-interpolate").image
    assert np.flatnonzero(near != cubic).tolist() == list(range(49))
    assert np.count_nonzero(near != base(tmp_path, *flags, "-interpolate", "--quirks=none").image) > 4000


def test_the_cache_is_used_in_silence_by_the_real_program(tmp_path: Path) -> None:
    P1(tmp_path)
    with_file = base(tmp_path, "-hkl", "P1.hkl").image
    stale = base(tmp_path)
    assert "reading Fs from Fdump.bin" in stale.lines
    assert "delete it" in stale.complaints
    assert stale.image.tobytes() == with_file.tobytes()
    (tmp_path / "Fdump.bin").unlink()
    assert base(tmp_path).total == pytest.approx(BASE_SUM, rel=1e-8)


def read_cache(path: Path) -> tuple[list[int], np.ndarray]:
    head, data = path.read_bytes().split(b"\n\f", 1)
    limits = [int(word) for word in head.split()]
    shape = [limits[i + 1] - limits[i] + 2 for i in (0, 2, 4)]
    return limits, np.frombuffer(data).reshape(shape)


def test_extra_columns_shift_the_quadruples(tmp_path: Path) -> None:
    (tmp_path / "x.hkl").write_text("0 0 0 100 5\n1 1 1 50 7\n")
    base(tmp_path, "-hkl", "x.hkl", "-default_F", "0")
    limits, F = read_cache(tmp_path / "Fdump.bin")
    assert (F[0 - limits[0], 0 - limits[2], 0 - limits[4]], F[5 - limits[0], 1 - limits[2], 1 - limits[4]]) == (100, 1)
    assert np.count_nonzero(F) == 2


def test_an_index_that_is_no_integer_ends_the_second_pass(tmp_path: Path) -> None:
    (tmp_path / "x.hkl").write_text("0 0 0 5\n1.0 0 0 6\n1 1 0 7\n")
    done = base(tmp_path, "-hkl", "x.hkl", "-default_F", "0")
    assert np.count_nonzero(read_cache(tmp_path / "Fdump.bin")[1]) == 1
    assert "only the first 1 of 3 entries" in done.complaints


def test_white_space_at_the_start_of_the_cache_shifts_it(tmp_path: Path) -> None:
    """Q-20: a structure factor whose first byte is a blank."""
    value = struct.unpack("<d", b"\x20" + struct.pack("<d", 100.0)[1:])[0]
    (tmp_path / "Fdump.bin").write_bytes(b"0 0 0 0 0 0\n\f" + struct.pack("<8d", value, *[0.0] * 7))
    done = base(tmp_path)
    assert done.total < 1e-3
    assert "shorter than its header says" in done.complaints


def test_misset_seed_is_a_misset_in_the_upstream_build(tmp_path: Path) -> None:
    flags = ("-misset_seed", "5", "-N", "5")
    assert not any("misset angles" in line for line in base(tmp_path, *flags).lines)
    assert "TRACE:   misset angles = [5, 0, 5] degrees" in base(tmp_path, *flags, "--build=U").lines


def test_trace_pixel_belongs_to_the_traced_build(tmp_path: Path) -> None:
    done = base(tmp_path, "-trace_pixel", "1", "2", "--build=U")
    assert not any(line.startswith("TRACE_C: ") for line in done.lines)


def test_negative_seeds_couple_the_streams(tmp_path: Path) -> None:
    """Q-38: the noise then depends on the mosaic seed."""

    def noise(*args: str) -> bytes:
        base(tmp_path, *args)
        return (tmp_path / "noiseimage.img").read_bytes()

    assert noise("-seed", "-7", "-mosaic_seed", "1") != noise("-seed", "-7", "-mosaic_seed", "2")
    assert noise("-seed", "7", "-mosaic_seed", "1") == noise("-seed", "7", "-mosaic_seed", "2")


# ---- --quirks=none ----


def star_angles(done: Run) -> list[float]:
    return done.numbers("Unit Cell:")[3:]


def test_none_keeps_a_triclinic_cell(tmp_path: Path) -> None:
    cell = ("-cell", "70", "80", "90", "75", "85", "95")
    assert star_angles(base(tmp_path, *cell)) == pytest.approx([75.0391, 85.0136, 95.0081])
    assert star_angles(base(tmp_path, *cell, "--quirks=none")) == [75, 85, 95]


def test_none_equals_nanobragg_where_no_quirk_bites(tmp_path: Path) -> None:
    """One source, one layer, one subpixel, cubic cell: both sets describe the same physics."""
    ours, theirs = base(tmp_path, "--quirks=none").image, base(tmp_path).image
    np.testing.assert_array_almost_equal_nulp(ours, theirs, 2)


def test_none_layers_absorb_what_the_sensor_absorbs(tmp_path: Path) -> None:
    """n layers of 1/n of the thickness take up 1 - exp(-mu t) at normal incidence, however many there are."""
    thick = ["-detector_thick", "450", "-detector_abs", "500", "--quirks=none", "-distance", "1000", "-N", "1"]
    bare = base(tmp_path, "-distance", "1000", "-N", "1", "--quirks=none").total
    for layers in ("2", "9"):
        got = base(tmp_path, *thick, "-thicksteps", layers).total / bare
        assert got == pytest.approx(1 - np.exp(-0.9), rel=1e-3)


def test_none_water_neither_depends_on_steps_nor_on_dmin(tmp_path: Path) -> None:
    flags = ("-water", "1", "--quirks=none", "-default_F", "1e-6")
    one = base(tmp_path, *flags, "-oversample", "1").total
    assert base(tmp_path, *flags, "-oversample", "2").total == pytest.approx(one, rel=1e-4)
    assert base(tmp_path, *flags, "-dmin", "1e4").total == pytest.approx(one, rel=1e-4)
    w, solid_angle = 1e-6, 1024 * 1e-6
    assert one == pytest.approx(2.57**2 * w**3 * 1e6 * 6.02214179e23 / 18 * solid_angle, rel=2e-3)


def test_none_honours_weights_and_their_order_does_not_matter(tmp_path: Path) -> None:
    a, b = "-10 0 0 3 6.2e-10\n", "-10 0.3 0 1 6.3e-10\n"
    (tmp_path / "ab.txt").write_text(a + b)
    (tmp_path / "ba.txt").write_text(b + a)
    flags = ("-polar", "0.9", "--quirks=none", "-sourcefile")
    total = base(tmp_path, *flags, "ab.txt").total
    assert base(tmp_path, *flags, "ba.txt").total == pytest.approx(total, rel=1e-6)
    (tmp_path / "equal.txt").write_text(a.replace(" 3 ", " 1 ") + b)
    assert base(tmp_path, *flags, "equal.txt").total != pytest.approx(total, rel=1e-3)


def test_none_uses_the_origin_that_was_given(tmp_path: Path) -> None:
    done = base(tmp_path, "-pix0_vector", "0.2", "0.001", "-0.001", "--quirks=none")
    assert done.numbers("DETECTOR_PIX0_VECTOR") == [0.2, 0.001, -0.001]


def test_none_compares_whole_words(tmp_path: Path) -> None:
    assert base(tmp_path, "-twotheta_axis", "1", "0", "0", "--quirks=none").header("TWOTHETA") == 0
    assert "unknown argument --lambda" in base(tmp_path, "--lambda", "2", "--quirks=none").complaints


def test_none_never_makes_light_negative(tmp_path: Path) -> None:
    assert base(tmp_path, "-twotheta", "120", "--quirks=none").image.min() >= 0
