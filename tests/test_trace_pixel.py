"""A pixel that is not computed has no trace: both programs say so, and `firstbad trace` makes no empty log of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.text import parse
from transcripts import perform

LINE = "-cell 100 100 100 90 90 90 -default_F 100 -lambda 6.2 -N 5 -detpixels 8 -oversample 1 -nonoise -nopgm"
ARGS = LINE.split()
OUTSIDE = {
    "off the detector": ("99 4", [], "is not on the detector of 8"),
    "outside -roi": ("7 4", ["-roi", "1", "5", "2", "6"], "lies outside -roi or under the mask"),
    "under the mask": ("3 4", ["-mask", "m.img"], "lies outside -roi or under the mask"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mask = np.ones((8, 8), dtype="<u2")
    mask[3, 4] = 0
    head = "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1=8;\nSIZE2=8;\n}\f"
    (tmp_path / "m.img").write_bytes(head.encode().ljust(512) + mask.tobytes())
    return tmp_path


def ran(words: list[str], folder: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """What a program printed, be it this process or a child of it."""
    status, out, err = perform(words, folder)
    child = capfd.readouterr()
    return status, out + child.out, err + child.err


@pytest.mark.parametrize("side", ["sim", "reference"])
@pytest.mark.parametrize("case", OUTSIDE)
def test_a_program_says_that_nothing_of_the_pixel_is_traced(
    folder: Path, side: str, case: str, capfd: pytest.CaptureFixture[str]
):
    pixel, more, why = OUTSIDE[case]
    status, out, err = ran([side, *ARGS, *more, "-trace_pixel", *pixel.split()], folder, capfd)
    assert status == 0
    assert f"warning: -trace_pixel {pixel} (slow fast) {why}" in err
    trace = parse(out)
    assert "I_pixel_final" not in {record.quantity for record in trace.records}
    assert trace.manifest is not None and trace.facts["inputs"] == "told", "what is set up is sealed all the same"


@pytest.mark.parametrize("side", ["sim", "reference"])
def test_of_a_pixel_that_is_computed_nothing_is_said(folder: Path, side: str, capfd: pytest.CaptureFixture[str]):
    more = ["-roi", "1", "5", "2", "6", "-mask", "m.img", "-trace_pixel", "6", "1"]
    status, out, err = ran([side, *ARGS, *more], folder, capfd)
    assert (status, err) == (0, "")
    assert "I_pixel_final" in {record.quantity for record in parse(out).records}


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_trace_of_a_pixel_that_is_not_computed_is_an_error_and_no_log(folder: Path, case: str):
    pixel, more, why = OUTSIDE[case]
    words = ["trace", "reference", "--pixel", pixel.replace(" ", ","), "--out", "logs", "--", *ARGS, *more]
    status, out, err = perform(words, folder)
    assert (status, out) == (2, "")
    assert "[no-trace-run]" in err and f"-trace_pixel {pixel} (slow fast) {why}" in err
    assert not list((folder / "logs").iterdir())


@pytest.mark.parametrize("side", ["sim", "reference"])
def test_a_store_of_pixels_of_which_none_is_computed_is_an_error_and_no_store(folder: Path, side: str):
    pytest.importorskip("zarr")
    words = ["trace", side, "--pixels", "7,4;0,0", "--out", "s.zarr", "--", *ARGS, "-roi", "1", "5", "2", "6"]
    status, out, err = perform(words, folder)
    assert (status, out) == (2, "")
    assert "none of these pixels is computed" in err and "[no-trace-run]" in err
    assert not (folder / "s.zarr").exists()
