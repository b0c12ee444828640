"""Last-bit noise on the images that the real program drew is never a finding; a real difference between cases is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.image import compare_images, read_image

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data are not beside the repository"),
]
CASES = sorted(REFERENCE.glob("*/image.npy")) if REFERENCE.exists() else []


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.parent.name[:24])
def test_one_ulp_of_noise_is_clean(path: Path):
    image = read_image(path)
    rng = np.random.default_rng(0)
    noisy = image + rng.integers(-1, 2, image.shape) * np.spacing(image)
    verdict = compare_images(image, noisy.astype(np.float32))
    assert not verdict.findings
    assert verdict.passed == bool(image.any())


def test_other_orientation_of_the_crystal_fails():
    cases = {path.parent.name[:3]: read_image(path) for path in CASES}
    verdict = compare_images(cases["v02"], cases["v03"])
    assert not verdict.passed
    assert verdict.findings


def test_the_integer_image_is_read_through_fabio():
    pytest.importorskip("fabio")
    folder = next(path.parent for path in CASES if path.parent.name.startswith("v01"))
    image = read_image(folder / "intimage.img")
    assert image.shape == read_image(folder / "image.npy").shape
    assert compare_images(read_image(folder / "image.npy"), image).correlation > 0.999
