"""Parts of the torch simulator by their check values: random numbers, noise, files, vectors, shapes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.formats import read_columns, read_mask, smv_header
from firstbad.sim.hkl import cache_bytes, load, read_cache, read_text
from firstbad.sim.noise import Deviates, add_noise
from firstbad.sim.prng import Shuffle, Stream, angles_of, random_rotation, uniform_rotation
from firstbad.sim.quirks import NANOBRAGG
from firstbad.sim.shape import sinc3, sincg
from firstbad.sim.structure import Grid, nearest, out_of_range, tricubic
from firstbad.sim.vec import RTD, Vec, cos, norm, root, rotate_about, rotate_xyz, scalar, sin, vec
from firstbad.tracer.errors import FirstbadError
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("seed", "draws"),
    [
        (1, [0.415999353, 0.091964893, 0.75641048, 0.52970022, 0.930436492, 0.383502066]),
        (12345, [0.923120558, 0.333146602, 0.197888419, 0.949421704, 0.783800364, 0.983884633]),
        (12345678, [0.765989304, 0.023453664, 0.589726627, 0.535101593, 0.982231438, 0.693016112]),
    ],
)
def test_uniform_deviates_have_the_published_values(seed: int, draws: list[float]) -> None:
    stream = Stream(Shuffle(), -seed)
    assert [float(f"{stream.draw():.9g}") for _ in draws] == draws


@given(st.integers(-50, 50), st.lists(st.integers(0, 5000), max_size=4))
def test_blocks_of_deviates_are_single_draws(seed: int, sizes: list[int]) -> None:
    blocks, single = Stream(Shuffle(), -seed), Stream(Shuffle(), -seed)
    for size in sizes:
        assert blocks.draws(size)[:50].tolist() == [single.draw() for _ in range(min(size, 50))]
        for _ in range(size - 50):
            single.draw()
    assert blocks.draw() == single.draw()


def test_a_negative_seed_goes_on_with_the_table_of_the_stream_before() -> None:
    shuffle = Shuffle()
    Stream(shuffle, -5).draws(3)
    fresh = Stream(Shuffle(), 7).draw()
    assert Stream(shuffle, 7).draw() != fresh
    assert fresh == Stream(Shuffle(), -1).draw(), "as the first stream ever it behaves like seed 1"


def test_a_random_misset_has_the_published_angles() -> None:
    drawn = random_rotation(Stream(Shuffle(), -12345), scalar(90.0), NANOBRAGG)
    assert angles_of(drawn) == pytest.approx((1.84517525774292, -0.610015583350362, -1.70734340769932), rel=1e-14)


@given(st.integers(1, 10_000))
def test_rotations_are_rotations_and_their_angles_make_them_again(seed: int) -> None:
    for drawn in (
        random_rotation(Stream(Shuffle(), -seed), scalar(0.3), NANOBRAGG),
        uniform_rotation(Stream(Shuffle(), -seed)),
    ):
        matrix = np.array([[float(x) for x in row] for row in drawn])
        assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-6)
        angles = tuple(scalar(a) for a in angles_of(drawn))
        again = [rotate_xyz(vec(*axis), (angles[0], angles[1], angles[2])) for axis in np.eye(3)]
        assert pytest.approx(matrix, abs=1e-6) == np.array([[float(x) for x in v] for v in again]).T


@pytest.mark.parametrize(
    ("mean", "values"),
    [
        (3.5, [2, 4, 7, 4, 4, 4, 4, 6]),
        (50, [40, 47, 46, 52, 46, 44, 49, 40]),
        (2e6, [1998816.5, 1999756.375, 2000264.625, 2002284.625, 1999750, 2000923.625]),
    ],
)
def test_poisson_deviates_have_the_published_values(mean: float, values: list[float]) -> None:
    deviates = Deviates(Stream(Shuffle(), -1))
    assert [float(deviates.poisson(np.float32(mean))) for _ in values] == values


@given(
    st.lists(st.lists(st.floats(0, 40, width=32), max_size=30), max_size=6), st.integers(1, 1000), st.integers(1, 40)
)
def test_pixels_drawn_together_are_those_drawn_one_by_one(runs: list[list[float]], seed: int, repeat: int) -> None:
    means = np.array([mean for run in runs for mean in run] * repeat, np.float32)
    single = Deviates(Stream(Shuffle(), -seed))
    noisy = add_noise(means[None], (slice(0, 1), slice(0, means.size)), 40.0, Stream(Shuffle(), -seed))
    counts = [float(single.poisson(mean)) for mean in means]
    assert noisy.counts[0].tolist() == [count + 40 for count in counts]
    assert noisy[1] == sum(counts)


def test_noise_ends_for_every_float_and_cuts_what_is_too_bright() -> None:
    image = np.array([[0, 5, 1e9, np.nan], [np.inf, -3, -1e30, 20]], np.float32)
    noisy = add_noise(image, (slice(0, 2), slice(0, 4)), 40.0, Stream(Shuffle(), -1))
    assert noisy.counts[0, 0] == 40
    assert noisy.counts[0, 2] == 65535
    assert noisy.overloads >= 1
    outside = add_noise(image, (slice(0, 1), slice(1, 2)), 40.0, Stream(Shuffle(), -1))
    assert np.count_nonzero(outside.counts) == 1


@given(st.floats(1e-3, 1e6))
def test_scalars_round_as_the_c_library_does(x: float) -> None:
    assert float(root(scalar(x))) == math.sqrt(x)
    assert float(sin(scalar(x))) == math.sin(x)
    assert float(cos(scalar(x))) == math.cos(x)


@given(st.floats(-3, 3), st.integers(0, 2))
def test_a_turn_about_a_laboratory_axis_is_the_same_both_ways(angle: float, axis: int) -> None:
    angles = [scalar(0.0)] * 3
    angles[axis] = scalar(angle)
    v, u = vec(1.0, -2.0, 0.5), vec(*np.eye(3)[axis])
    one = rotate_xyz(v, (angles[0], angles[1], angles[2]))
    two = rotate_about(v, u, scalar(angle))
    assert [float(x) for x in one] == pytest.approx([float(x) for x in two], abs=1e-14)
    assert float(norm(one)) == pytest.approx(float(norm(v)))


def test_degrees_per_radian_is_the_double_of_the_real_program() -> None:
    assert RTD == 57.295779513082323


@given(st.floats(-30, 30), st.integers(1, 12))
def test_lattice_sums(x: float, N: int) -> None:
    summed = abs(sum(complex(math.cos(2 * n * x), math.sin(2 * n * x)) for n in range(N)))
    assert abs(float(sincg(scalar(x), float(N)))) == pytest.approx(summed, abs=1e-6)
    assert float(sincg(scalar(0.0), float(N))) == N
    assert float(sinc3(scalar(0.0))) == 1.0
    assert abs(float(sinc3(scalar(x)))) <= 1.0 + 1e-6 or abs(x) < 1e-4


def grid_of(function: object) -> Grid:
    values = torch.zeros(9, 9, 9, dtype=torch.float64)
    for h in range(-4, 4):
        for k in range(-4, 4):
            for l in range(-4, 4):  # noqa: E741
                values[h + 4, k + 4, l + 4] = function(h, k, l)  # type: ignore[operator]
    return Grid(values.reshape(-1), (-4, -4, -4), (3, 3, 3))


@given(st.tuples(*[st.floats(-1.9, 0.9)] * 3))
def test_tricubic_interpolation_is_exact_for_cubics(hkl: tuple[float, float, float]) -> None:
    def cubic(h: float, k: float, l: float) -> float:  # noqa: E741
        return 3 + h - 2 * k * k + 0.5 * h * k * l + l**3

    sample = Vec(*(torch.tensor([x], dtype=torch.float64) for x in hkl))
    grid = grid_of(cubic)
    assert not bool(out_of_range(grid, sample))
    assert float(tricubic(grid, sample)) == pytest.approx(cubic(*hkl), abs=1e-9)


def test_nearest_values_and_what_lies_outside() -> None:
    grid = grid_of(lambda *hkl: 100 * hkl[0] + 10 * hkl[1] + hkl[2])
    inside = Vec(*(torch.tensor(x, dtype=torch.float64) for x in ([3.0, -4.0, 4.0, math.nan], [0.0] * 4, [1.0] * 4)))
    found = nearest(grid, inside, scalar(-1.0))
    assert found.tolist() == [301.0, -399.0, -1.0, -1.0]
    edge = Vec(*(torch.tensor(x, dtype=torch.float64) for x in ([1.0, 1.01, -2.0, -2.01], [0.0] * 4, [0.0] * 4)))
    assert out_of_range(grid, edge).tolist() == [False, True, False, True]


def test_structure_factor_text_is_read_in_two_passes(tmp_path: Path) -> None:
    path = tmp_path / "x.hkl"
    path.write_text("0 0 0 100\n1 2 3 50\n-1 0 1.0 7\n2 0 0 9\n")
    found = read_text(path, 0.0)
    assert (found.low, found.high, found.count) == ((-1, 0, 0), (2, 2, 3), 4)
    assert found.grid[2, 2, 3] == 50.0
    assert found.grid.sum() == 150.0, "the second pass ends at the index 1.0"
    assert read_text(path, 5.0).grid[0, 0, 0] == 5.0
    path.write_text("h k l F\n0 0 0 1\n")
    with pytest.raises(FirstbadError) as caught:
        read_text(path, 0.0)
    assert caught.value.slug == "no-structure-factors"


def test_the_cache_gives_back_what_was_written_unless_its_data_begin_with_white_space(tmp_path: Path) -> None:
    text, cache = tmp_path / "x.hkl", tmp_path / "Fdump.bin"
    text.write_text("0 0 0 100.5\n1 2 -3 50\n")
    written = read_text(text, 3.25)
    cache.write_bytes(cache_bytes(written))
    again = read_cache(cache)
    assert again.low == written.low
    assert np.array_equal(again.grid, written.grid)
    assert again.count == 2 * 3 * 4
    written.grid[0, 0, 0] = np.frombuffer(b"\x20\x00\x00\x00\x00\x00\x59\x40")[0]
    cache.write_bytes(cache_bytes(written))
    assert not np.array_equal(read_cache(cache).grid, written.grid), "a blank at the start is skipped"
    cache.write_bytes(b"nothing")
    with pytest.raises(FirstbadError):
        read_cache(cache)


def test_mtz_and_cif_are_expanded_to_p1(tmp_path: Path) -> None:
    gemmi = pytest.importorskip("gemmi")
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup("P 2")
    mtz.set_cell_for_all(gemmi.UnitCell(50, 60, 70, 90, 95, 90))
    mtz.add_dataset("d")
    mtz.add_column("FP", "F")
    mtz.set_data(np.array([[1, 2, 3, 25.0], [2, 0, 1, np.nan], [0, 1, 0, 7.0]], np.float32))
    mtz.write_to_file(str(tmp_path / "x.mtz"))
    found = load(tmp_path / "x.mtz", 2.0)
    at = {(h, k, l): found.grid[h - found.low[0], k - found.low[1], l - found.low[2]]
          for h in (-1, 1) for k in (-2, 2) for l in (-3, 3)}  # fmt: skip  # noqa: E741
    assert at[1, 2, 3] == at[-1, 2, -3] == at[-1, -2, -3] == at[1, -2, 3] == 25.0
    assert at[1, 2, -3] == 2.0, "no mate of anything in the file"
    cif = (
        "data_x\n_cell.length_a 50\n_cell.length_b 60\n_cell.length_c 70\n_cell.angle_alpha 90\n"
        "_cell.angle_beta 95\n_cell.angle_gamma 90\n_symmetry.space_group_name_H-M 'P 1 2 1'\nloop_\n"
        "_refln.index_h\n_refln.index_k\n_refln.index_l\n_refln.F_meas_au\n1 2 3 25.0\n0 1 0 7.0\n"
    )
    (tmp_path / "x.cif").write_text(cif)
    same = load(tmp_path / "x.cif", 2.0)
    assert same.low == found.low
    assert np.array_equal(same.grid, found.grid)
    (tmp_path / "bad.mtz").write_bytes(b"MTZ nothing")
    with pytest.raises(FirstbadError):
        load(tmp_path / "bad.mtz", 0.0)


def test_the_column_reader_keeps_to_its_rules(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("1,2;3 \n\n : ! \n0 0 10 1.0 6.2e-10\nwords here\n4 5 6")
    rows = read_columns(path, 5, "the source file")
    assert rows[0][:3] == [1.0, 2.0, 3.0]
    assert math.isnan(rows[0][3])
    assert rows[1] == [0.0, 0.0, 10.0, 1.0, 6.2e-10]
    assert rows[2][:2] == [0.0, 0.0]
    assert rows[3][:4] == [4.0, 5.0, 6.0, 0.0], "without a last newline one more column reads as 0"
    assert math.isnan(rows[3][4])


def test_a_mask_that_is_too_small_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.img"
    path.write_bytes(smv_header({"HEADER_BYTES": "512"}) + np.ones(12, "<u2").tobytes())
    assert read_mask(path, 4, 3).all()
    with pytest.raises(FirstbadError) as caught:
        read_mask(path, 5, 3)
    assert caught.value.slug == "mask-too-small"


def test_a_header_is_512_bytes_whatever_it_says() -> None:
    assert len(smv_header({"A": "1"})) == 512
    long = smv_header({f"KEY{n}": "123456789" for n in range(60)})
    assert len(long) == 512
    assert long.endswith(b" ")
