"""Reading images, the headline verdict, and the choice of pixels."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.image import Gate, Noise, compare_images, read_image
from firstbad.tracer.image_read import is_image, read_pair
from firstbad.tracer.pixels import costly_groups, costly_pixels
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from refusals import slug

RNG = np.random.default_rng(7)
IMAGE = (RNG.random((24, 30)) * 100).astype(np.float32)


def test_npy_and_raw_floats_are_read_back(tmp_path: Path):
    np.save(tmp_path / "a.npy", IMAGE)
    IMAGE.tofile(tmp_path / "a.bin")
    IMAGE[:24, :24].copy().tofile(tmp_path / "square.bin")
    assert np.array_equal(read_image(tmp_path / "a.npy"), IMAGE)
    assert np.array_equal(read_image(tmp_path / "a.bin", (24, 30)), IMAGE)
    assert np.array_equal(read_image(str(tmp_path / "square.bin")), IMAGE[:24, :24])


def test_npy_is_known_by_its_content_and_any_byte_order(tmp_path: Path):
    with (tmp_path / "image.bin").open("wb") as file:
        np.save(file, IMAGE.astype(">f8"))
    image = read_image(tmp_path / "image.bin")
    assert image.dtype == np.float64
    assert np.array_equal(image, IMAGE)


def test_a_raw_image_beside_another_has_its_shape(tmp_path: Path):
    np.save(tmp_path / "a.npy", IMAGE)
    for name in ("b.bin", "b.RAW"):
        IMAGE.astype("<f4").tofile(tmp_path / name)
        assert np.array_equal(read_pair(tmp_path / "a.npy", tmp_path / name)[1], IMAGE)
    IMAGE[:4, :4].astype("<f4").tofile(tmp_path / "small.bin")
    assert [one.shape for one in read_pair(tmp_path / "a.npy", tmp_path / "small.bin")] == [(24, 30), (4, 4)]
    with pytest.raises(FirstbadError, match="is 24 x 30, not 30 x 24"):
        read_pair(tmp_path / "a.npy", tmp_path / "b.bin", (30, 24))
    with pytest.raises(FirstbadError, match="no image"):
        read_pair(tmp_path / "a.npy", tmp_path / "none.bin")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.npy", b"anything", True),
        ("a.IMG", b"{\nHEADER_BYTES=512;\n}", True),
        ("image", b"\x93NUMPY\x01\x00", True),
        ("table", b"1 2 3\n4 5 6\n", True),
        ("a.log", b"1 2 3\nTRACE_C: F_cell 1\n", False),
        ("a.bin", b"TRACE_C: F_cell 1\n", False),
        ("a.log", b"", False),
        ("a.log", b"hello\n", False),
        ("a.tar", b"\0\1\2", False),
    ],
)
def test_an_image_is_known_by_its_name_or_its_beginning(tmp_path: Path, name: str, content: bytes, expected: bool):
    (tmp_path / name).write_bytes(content)
    assert is_image(tmp_path / name) is expected


def test_what_is_not_there_is_no_image(tmp_path: Path):
    assert not is_image(tmp_path / "a.npy")
    assert not is_image(tmp_path)


def test_integers_become_floats(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.arange(12, dtype=np.uint16).reshape(3, 4))
    image = read_image(tmp_path / "a.npy")
    assert image.dtype == np.float64
    assert image[2, 3] == 11


@pytest.mark.parametrize("name", ["a.txt", "a.bin", "a"])
@pytest.mark.parametrize("delimiter", [" ", ",", ", ", "\t"])
def test_a_table_in_text_is_known_by_its_content(tmp_path: Path, name: str, delimiter: str):
    np.savetxt(tmp_path / name, IMAGE, delimiter=delimiter, header="made by a script" if name == "a.txt" else "")
    assert np.array_equal(read_image(tmp_path / name), IMAGE)


@given(st.lists(st.integers(0, 255), min_size=16, max_size=16))
def test_raw_floats_are_hardly_ever_taken_for_text(octets: list[int]):
    floats = np.frombuffer(bytes(octets), "<f4")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.bin"
        path.write_bytes(bytes(octets))
        assume(not set(octets) <= set(b"0123456789.eE+-naifNAIF, \t\r\n"))
        assert np.array_equal(read_image(path).ravel(), floats.astype(np.float32), equal_nan=True)


def test_a_ragged_table_is_refused_with_its_line(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1 2 3\n4 5\n")
    with pytest.raises(FirstbadError, match="no table of numbers") as caught:
        read_image(tmp_path / "a.txt")
    assert caught.value.slug == "image-unreadable"


def test_fabio_reads_the_rest(tmp_path: Path):
    fabio = pytest.importorskip("fabio")
    path = tmp_path / "a.edf"
    fabio.edfimage.EdfImage(data=IMAGE).write(str(path))
    assert np.array_equal(read_image(path), IMAGE)


@pytest.mark.parametrize(
    ("name", "content", "shape", "expected"),
    [
        ("gone.npy", None, None, "image-missing"),
        ("empty.npy", b"", None, "image-empty"),
        ("empty.bin", b"", None, "image-empty"),
        ("text.npy", b"hello", None, "image-unreadable"),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'descr'", None, "image-unreadable"),
        ("odd.bin", b"12345", None, "image-size"),
        ("line.bin", bytes(4 * 12), None, "image-shape-unknown"),
        ("line.bin", bytes(4 * 12), (5, 5), "image-size"),
        ("line.bin", bytes(4 * 12), (-3, -4), "image-size"),
        ("what.img", b"no image at all", None, "image-unreadable"),
        ("noname", b"\0" * 100, None, "image-unreadable"),
    ],
)
def test_what_is_no_image_gets_a_sentence(
    tmp_path: Path, name: str, content: bytes | None, shape: tuple[int, int] | None, expected: str
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FirstbadError) as error:
        read_image(tmp_path / name, shape)
    assert slug(error) == expected


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros(4), "image-not-2d"),
        (np.zeros((2, 2, 2)), "image-not-2d"),
        (np.zeros((0, 4)), "image-empty"),
        (np.zeros((2, 2), dtype=complex), "image-not-numeric"),
        (np.array([["a", "b"]]), "image-not-numeric"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: np.ndarray, expected: str):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(FirstbadError) as error:
        read_image(tmp_path / "a.npy")
    assert slug(error) == expected


def test_a_folder_and_objects_are_refused(tmp_path: Path):
    with pytest.raises(FirstbadError) as error:
        read_image(tmp_path)
    assert slug(error) == "image-unreadable"
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(FirstbadError) as error:
        read_image(tmp_path / "a.npy")
    assert slug(error) == "image-unreadable"


def test_size_and_nan_can_be_demanded(tmp_path: Path):
    image = IMAGE.copy()
    image[3, 4] = np.nan
    np.save(tmp_path / "a.npy", image)
    assert np.isnan(read_image(tmp_path / "a.npy")[3, 4])
    with pytest.raises(FirstbadError, match=r"1 pixel that is NaN or infinite, at 3 4 \(slow fast\)") as error:
        read_image(tmp_path / "a.npy", finite=True)
    assert slug(error) == "image-not-finite"
    with pytest.raises(FirstbadError, match="24 x 30, not 30 x 24") as error:
        read_image(tmp_path / "a.npy", (30, 24))
    assert slug(error) == "image-size"


def test_the_headline_numbers_are_those_of_numpy():
    other = (IMAGE + RNG.normal(size=IMAGE.shape)).astype(np.float32)
    verdict = compare_images(IMAGE, other)
    a, b = IMAGE.astype(float), other.astype(float)
    assert verdict.correlation == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1], abs=1e-12)
    assert verdict.sum_ratio == pytest.approx(b.sum() / a.sum(), rel=1e-12)
    assert verdict.shape == (24, 30)


def test_an_equal_image_passes_and_is_clean():
    verdict = compare_images(IMAGE, IMAGE.copy())
    assert (verdict.passed, verdict.clean, verdict.identical) == (True, True, True)
    assert (verdict.correlation, verdict.sum_ratio) == (pytest.approx(1), 1)


def with_correlation(target: float) -> np.ndarray:
    """An image whose correlation with IMAGE is exactly `target`, with the same sum."""
    a = IMAGE.astype(float)
    x = a - a.mean()
    y = RNG.normal(size=a.shape)
    y = y - y.mean()
    y -= x * (x * y).sum() / (x * x).sum()
    y *= np.sqrt((x * x).sum() / (y * y).sum())
    return a.mean() + target * x + np.sqrt(1 - target * target) * y


@pytest.mark.parametrize(("target", "passed"), [(0.9995, True), (0.9990001, True), (0.9989999, False), (0.5, False)])
def test_the_correlation_gate_is_where_it_is_said_to_be(target: float, passed: bool):
    verdict = compare_images(IMAGE.astype(float), with_correlation(target))
    assert verdict.passed is passed
    assert len(verdict.reasons) == (0 if passed else 1)
    assert verdict.correlation == pytest.approx(target, abs=1e-9)


@pytest.mark.parametrize(
    ("scale", "passed"), [(1.0049, True), (0.9951, True), (1.0051, False), (0.9949, False), (-1, False)]
)
def test_the_sum_gate_is_where_it_is_said_to_be(scale: float, passed: bool):
    verdict = compare_images(IMAGE.astype(float), IMAGE.astype(float) * scale)
    assert verdict.passed is passed
    assert passed or "sum ratio" in verdict.reasons[-1]


def test_a_gate_can_be_chosen():
    worse = with_correlation(0.95)
    assert not compare_images(IMAGE, worse).passed
    assert compare_images(IMAGE, worse, Gate(correlation=0.9)).passed
    assert not compare_images(IMAGE.astype(float), 1.0001 * IMAGE.astype(float), Gate(sum_ratio=1e-5)).passed


@pytest.mark.parametrize("side", ["reference", "candidate", "both"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.0, "zero everywhere"), (5.0, "constant (5 everywhere)"), (np.nan, "NaN"), (np.inf, "infinities")],
)
def test_an_image_without_content_never_passes(side: str, value: float, reason: str):
    flat = np.full(IMAGE.shape, value)
    reference = IMAGE if side == "candidate" else flat
    candidate = IMAGE if side == "reference" else flat
    verdict = compare_images(reference, candidate)
    assert not verdict.passed
    assert not verdict.clean
    assert any(reason in why for why in verdict.reasons)
    assert all(side == "both" or side in why for why in verdict.reasons)
    assert len(verdict.reasons) == (2 if side == "both" else 1)
    json.dumps(verdict.as_dict(), allow_nan=False)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_bad_pixel_is_enough(value: float):
    image = IMAGE.copy()
    image[0, 0] = value
    assert not compare_images(image, image).passed
    assert not compare_images(IMAGE, image).passed
    assert not compare_images(image, IMAGE).passed


def test_other_sizes_are_an_error():
    with pytest.raises(FirstbadError, match="24 x 30, the candidate's 30 x 24") as error:
        compare_images(IMAGE, IMAGE.T)
    assert slug(error) == "image-sizes-differ"
    with pytest.raises(FirstbadError):
        compare_images(IMAGE.ravel(), IMAGE.ravel())


def test_json_holds_what_the_verdict_holds():
    candidate = IMAGE * np.float32(1.5)
    out = json.loads(json.dumps(compare_images(IMAGE, candidate).as_dict(), allow_nan=False))
    assert out["passed"] is False
    assert out["sum_ratio"] == pytest.approx(1.5)
    assert out["findings"][0]["kind"] == "scale"
    assert out["evidence"]["motion"]["scale"] == pytest.approx(1.5)
    assert out["evidence"]["decades"]


def test_huge_and_tiny_units_do_not_overflow():
    for unit in (1e-290, 1e290):
        verdict = compare_images(IMAGE.astype(float) * unit, with_correlation(0.9995) * unit)
        assert verdict.passed
        assert verdict.correlation == pytest.approx(0.9995, abs=1e-6)


def test_the_noise_allowance_can_be_chosen():
    candidate = IMAGE.astype(float) * 1.0001
    assert compare_images(IMAGE.astype(float), candidate).clean
    strict = compare_images(IMAGE.astype(float), candidate, noise=Noise(1e-7, 1e-8))
    assert strict.passed
    assert strict.findings[0].kind == "scale"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    places=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), min_size=1, max_size=4, unique=True),
)
def test_the_gain_of_a_pixel_is_what_healing_it_gains(seed: int, places: list[tuple[int, int]]):
    rng = np.random.default_rng(seed)
    r = rng.random((20, 20)) * 10 ** rng.uniform(-20, 20)
    c = r.copy()
    for y, x in places:
        c[y, x] = r.max() * rng.uniform(0, 2)
    before = compare_images(r, c)
    for pixel in costly_pixels(r, c, 4, apart=0):
        healed = c.copy()
        healed[pixel.slow, pixel.fast] = pixel.reference
        after = compare_images(r, healed)
        assert after.correlation - before.correlation == pytest.approx(pixel.correlation_gain, abs=1e-9)
        gain = abs(before.sum_ratio - 1) - abs(after.sum_ratio - 1)
        assert gain == pytest.approx(pixel.sum_gain, abs=1e-9)
        assert (pixel.slow, pixel.fast) in places


def test_a_pixel_that_is_infinite_comes_first_in_its_group_and_breaks_no_other():
    r = RNG.random((8, 9)) + 1
    c = r.copy()
    c[2, 3], c[5, 6], c[7, 1], c[7, 7] = 2 * r[2, 3], -np.inf, 5 * r[7, 1], 6 * r[7, 7]
    groups = np.zeros(r.shape, dtype=np.int32)
    groups[:6], groups[6:] = 1, 2
    with np.errstate(all="raise"):
        one, two = costly_groups(r, c, groups, 2)
    assert one is not None and (one.slow, one.fast) == (5, 6) and one.candidate == -np.inf
    assert two is not None and (two.slow, two.fast) == (7, 7)


def test_of_a_fault_that_keeps_the_sum_a_pixel_that_differs_is_chosen():
    """To heal one pixel alone would spoil the sum, which is right: that is no reason to choose one that agrees."""
    r = np.arange(1.0, 10).reshape(3, 3)
    swapped = r.copy()
    swapped[0, 1], swapped[0, 2] = r[0, 2], r[0, 1]
    for c in (r.T.copy(), swapped):
        (one,) = costly_groups(r, c, np.ones(r.shape, np.int32), 1)
        assert one is not None and one.reference != one.candidate


def test_one_pixel_per_place_costliest_first():
    r = RNG.random((64, 64)) + 1
    r[10:13, 10:13] = r[40:43, 50:53] = 1
    c = r.copy()
    c[10:13, 10:13] += 5
    c[40:43, 50:53] += 9
    c[11, 11] += 1
    c[41, 51] += 1
    assert [(p.slow, p.fast) for p in costly_pixels(r, c, 2)] == [(41, 51), (11, 11)]
    assert costly_pixels(r, c, 2) == costly_pixels(r, c, 2)
    assert costly_pixels(r, r.copy()) == ()


def test_nan_comes_first_and_equal_nan_never():
    r, c = IMAGE.copy(), IMAGE.copy()
    r[1, 1] = c[1, 1] = np.nan
    c[20, 20] = np.nan
    c[2, 20] *= 2
    found = costly_pixels(r, c)
    assert [(p.slow, p.fast) for p in found] == [(20, 20), (2, 20)]
    assert np.isnan(found[0].candidate)
    assert np.isnan(found[0].correlation_gain)


def test_a_difference_that_gains_nothing_still_gives_a_pixel():
    r = np.full((16, 16), 3.0)
    c = r.copy()
    c[5, 6] = 4
    assert [(p.slow, p.fast) for p in costly_pixels(r, c)] == [(5, 6)]
    with pytest.raises(FirstbadError):
        costly_pixels(r, c[:4])


def test_without_details_only_the_gate_is_judged():
    candidate = IMAGE * np.float32(1.004)
    quick = compare_images(IMAGE, candidate, details=False)
    full = compare_images(IMAGE, candidate)
    assert (quick.passed, quick.correlation, quick.sum_ratio) == (full.passed, full.correlation, full.sum_ratio)
    assert quick.findings == ()
    assert quick.evidence is None
    assert full.findings
    assert not compare_images(IMAGE, candidate * 2, details=False).passed
