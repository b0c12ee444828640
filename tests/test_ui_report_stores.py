"""The HTML report of two stores, and of an investigation."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

import pytest
import toys
from firstbad.bisect.answer import Answer, Step
from firstbad.bisect.axes.changes import ChangedLine
from firstbad.bisect.axes.commits import CommitFacts
from firstbad.bisect.verdict import Culprit
from firstbad.tracer.catalogue import load
from firstbad.tracer.diff import compare
from firstbad.tracer.text import read
from firstbad.ui.report import answer_data, write_page
from report_pages import data_of, drawn, pair
from transcripts import perform


@pytest.fixture
def page(tmp_path: Path) -> Path:
    pytest.importorskip("zarr")
    toys.stores(tmp_path)
    words = ["diff", "r.zarr", "c.zarr", "--catalogue", "toy.toml", "--html", "report.html"]
    status, out, err = perform(words, tmp_path)
    assert (status, err) == (1, "") and out.endswith("wrote report.html\n")
    return tmp_path / "report.html"


def pixels(uri: str) -> tuple[int, int]:
    """Width and height of an embedded PNG, whose chunks must all be whole."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"), validate=True)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        (crc,) = struct.unpack_from(">I", data, at + 8 + size)
        assert crc == zlib.crc32(data[at + 4 : at + 8 + size])
        at += 12 + size
    wide, high = struct.unpack_from(">II", data, 16)
    return wide, high


def test_the_data_are_what_json_prints_and_what_the_page_needs(page: Path):
    data = data_of(page)
    assert data["kind"] == "stores" and data["sides"] == [["r.zarr", "30 pixels"], ["c.zarr", "30 pixels"]]
    assert [(c["quantities"], c["pixels"]) for c in data["result"]["causes"]] == [(["F_base"], 10), (["tilt"], 6)]
    assert data["parts"] == {"tilt": "origin", "F_base": "origin", "F_cell": "inherited", "I_pixel_final": "inherited"}
    assert data["verdict"]["first"] == data["verdict"]["leads"] == "F_base"
    assert data["verdict"]["rest"] == " is the largest of 2 separate causes"
    assert {line[0] for line in data["graph"]["way"]["lines"]} == {"tilt", "F_base", "F_cell"}


def test_the_maps_are_embedded_whole(page: Path):
    data = data_of(page)
    assert set(data["maps"]) == {"origins", "reference", "candidate", "difference"}
    assert {pixels(uri) for uri in data["maps"].values()} == {(5, 6)} and data["shape"] == [6, 5]
    assert [one["says"] for one in data["legend"]] == ["agrees", "F_base", "tilt", "tilt and F_base"]


def test_the_commands_of_a_cause_do_what_they_say(page: Path):
    for proposed in data_of(page)["commands"]:
        for command in proposed:
            status, out, err = perform(command["run"].split()[1:], page.parent)
            assert (status, err) == (1, ""), "each of two causes heals in part"
            assert "% of the error" in out


def test_the_page_says_what_was_found(page: Path):
    found = drawn(page, "page.all('ring').length", "page.tags('img').length", "page.one('node', 'tilt').fire('click')")
    assert "F_base is the largest of 2 separate causes" in found["text"]
    assert "The pixel to trace: slow 4, fast 0." in found["text"]
    assert "F_base is the largest of 2 separate causes" in found["text"]
    assert found["actions"][:2] == [8, 4] and found["hash"] == "#q-tilt"
    assert len(found["ids"]) == len(set(found["ids"]))


def test_equal_stores_have_no_cause(tmp_path: Path):
    pytest.importorskip("zarr")
    toys.stores(tmp_path)
    words = ["diff", "r.zarr", "r.zarr", "--catalogue", "toy.toml", "--html", "report.html"]
    assert perform(words, tmp_path)[0] == 0
    data = data_of(tmp_path / "report.html")
    assert set(data["parts"].values()) == {"agrees"} and data["graph"] is None
    assert "Nothing differs by more than rounding: 30 pixels" in drawn(tmp_path / "report.html")["text"]


def test_an_investigation_has_its_own_page(tmp_path: Path):
    pair(tmp_path)
    known = load(tmp_path / "toy.toml")
    answer = Answer(
        "commit abc1234 (Tidy <names>), port.py:7; first bad quantity: twice (reference 2.5, candidate 2.75)",
        Culprit("abc1234", evidence=("abc1234 is bad", "its parent is good")),
        "commits",
        "the good commit is good",
        (Step("reproduce", "bad"), *(Step("search", f"probe {i}") for i in range(6)), Step("confirm", "both ways")),
        "plain",
        (5, 0),
        CommitFacts("abc1234def", "abc1234", "Tidy <names>", "A Porter", "2025-01-01"),
        (ChangedLine("port.py", 7, "    return 2*base\n", "    return 2.2*base\n"),),
        diff=compare(read(tmp_path / "c.log"), read(tmp_path / "torch.log"), known),
    )
    data = answer_data(answer, known)
    write_page(tmp_path / "report.html", data)
    assert data_of(tmp_path / "report.html")["result"] == json.loads(json.dumps(answer.as_dict()))
    found = drawn(tmp_path / "report.html", "page.tags('del').concat(page.tags('ins')).map((line) => line.textContent)")
    for said in (
        "Culprit: commit abc1234 (Tidy <names>), port.py:7.",
        "First bad quantity: twice (reference 2.5, candidate 2.75); because the good commit is good.",
        "search 6 probesprobe 0",
        "its parent is good",
        "at pixel 5 0 (slow fast) of case plain",
        "the candidate is wrong",
        "6 shown of 6 records",
    ):
        assert said in found["text"], said
    assert found["actions"] == [["-     return 2*base\n", "+     return 2.2*base\n"]]


def test_an_investigation_writes_its_page(tmp_path: Path):
    toys.pair(tmp_path)
    status, out, _ = perform(["investigate", "--html", "report.html"], tmp_path)
    assert status == 0 and out.endswith("wrote report.html\n")
    assert "Nothing wrong: every case passes the gate here" in drawn(tmp_path / "report.html")["text"]


def test_an_investigation_is_refused_before_it_runs(tmp_path: Path):
    toys.one_file(tmp_path)
    status, out, err = perform(["investigate", "--html", "firstbad.toml"], tmp_path)
    assert (status, out) == (2, "") and "[exists]" in err
    assert not (tmp_path / "firstbad-out").exists()
