"""`firstbad diff` of two image files: the verdict of a gate, in words and as JSON, and what is no pair of images."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from transcripts import perform

Y, X = np.meshgrid(np.arange(32.0), np.arange(32.0), indexing="ij")
SOUND = 5 + 800 * np.exp(-((Y - 9) ** 2 + (X - 20) ** 2) / 6) + 90 * np.exp(-((Y - 21) ** 2 + (X - 14) ** 2) / 6)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    images = {"sound": SOUND, "turned": SOUND.T, "brighter": 1.002 * SOUND, "single": SOUND.astype(np.float32)}
    for name, image in images.items():
        np.save(tmp_path / f"{name}.npy", image)
    SOUND.astype("<f4").tofile(tmp_path / "raw.bin")
    (tmp_path / "a.log").write_text("TRACE_C: F_cell 1\n")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("candidate", "status", "headline"),
    [
        ("sound.npy", 0, "SAME the images are identical"),
        ("single.npy", 0, "SAME the images agree but for rounding"),
        ("raw.bin", 0, "SAME the images agree but for rounding"),
        ("brighter.npy", 1, "DIFFERENT correlation and sum pass the gate, yet the images differ"),
        ("turned.npy", 1, "DIFFERENT the candidate's image fails the gate"),
    ],
)
def test_the_first_line_and_the_status_say_whether_two_images_are_the_same(
    here: Path, candidate: str, status: int, headline: str
) -> None:
    found, out, err = perform(["diff", "sound.npy", candidate], here)
    assert (found, out.splitlines()[0], err) == (status, headline, "")
    assert max(map(len, out.splitlines())) <= 100


def test_consequences_are_counted_on_the_screen_and_listed_in_json(here: Path) -> None:
    _, out, _ = perform(["diff", "sound.npy", "turned.npy"], here)
    data = json.loads(perform(["diff", "sound.npy", "turned.npy", "--json"], here)[1])
    assert [one["kind"] for one in data["told"]] == ["orientation"]
    assert f"  {len(data['findings']) - 1} other findings follow from that: see --json" in out.splitlines()
    assert data["same"] is False and data["passed"] is False
    assert (data["reference"], data["candidate"]) == ("sound.npy", "turned.npy")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sound.npy", "a.log"], r"sound.npy is an image and a.log is none\..*\[image-and-trace\]"),
        (["a.log", "sound.npy"], r"sound.npy is an image and a.log is none\..*\[image-and-trace\]"),
        (["sound.npy", "folder"], r"sound.npy is an image and folder is none\..*\[image-and-trace\]"),
        (["none.npy", "sound.npy"], r"none.npy does not exist\..*\[image-missing\]"),
        (["sound.npy", "turned.npy", "--html", "x.html"], r"--html shows traces or stores, and these are images\..*\[usage\]"),
    ],
)  # fmt: skip
def test_what_is_no_pair_of_images_is_refused(here: Path, words: list[str], told: str) -> None:
    status, out, err = perform(["diff", *words], here)
    assert (status, out) == (2, "")
    assert re.search(told, err)
    assert not (here / "x.html").exists()
