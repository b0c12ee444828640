"""A trace may come out of a pipe, which can be read once only."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.pipes import kept
from firstbad.tracer.stream import columns, compare_files
from firstbad.tracer.text import read
from transcripts import perform

LINES = "".join(f"TRACE: q{i} {i}.5\n" for i in range(2000))
OTHER = LINES.replace("q1700 1700.5", "q1700 1701.5")
Pipe = Callable[[str], Path]


@pytest.fixture(params=["FIFO", "descriptor"])
def pipe(tmp_path: Path, request: pytest.FixtureRequest) -> Pipe:
    """Makes a pipe out of which a text comes once: one with a name, or `<(...)` of a shell."""

    def made(text: str) -> Path:
        if request.param == "FIFO":
            path = tmp_path / f"fifo{len(list(tmp_path.iterdir()))}"
            os.mkfifo(path)
            threading.Thread(target=path.write_text, args=(text,), daemon=True).start()
            return path
        source, sink = os.pipe()
        os.write(sink, text.encode())
        os.close(sink)
        request.addfinalizer(lambda: os.close(source))
        return Path(f"/dev/fd/{source}")

    return made


def test_diff_reads_a_pipe_on_either_side(tmp_path: Path, pipe: Pipe) -> None:
    (tmp_path / "a.log").write_text(LINES)
    for words in (["a.log", str(pipe(LINES))], [str(pipe(LINES)), "a.log"], [str(pipe(LINES)), str(pipe(LINES))]):
        status, said, err = perform(["diff", *words], tmp_path)
        assert (status, err) == (0, "") and said.startswith("SAME 2000 records agree\n")
    status, said, _ = perform(["diff", "a.log", str(pipe(OTHER))], tmp_path)
    assert status == 1 and said.startswith("DIFFERENT first bad: q1700\n")


def test_the_names_are_those_that_were_given(tmp_path: Path, pipe: Pipe) -> None:
    path = pipe(LINES)
    assert read(path).name == str(path)
    empty = pipe("")
    status, _, err = perform(["diff", str(empty), str(empty)], tmp_path)
    assert status == 2 and err.startswith(f"firstbad: {empty} is empty.")


def test_check_and_calibrate_read_a_pipe(tmp_path: Path, pipe: Pipe) -> None:
    (tmp_path / "c.toml").write_text('[quantity.x]\n[quantity.y]\nparents = ["x"]\nformula = "2*x"\n')
    text = "TRACE: x 1.5\nTRACE: y 3.0\n"
    assert perform(["check", str(pipe(text)), "--catalogue", "c.toml"], tmp_path)[0] == 0
    assert perform(["check", str(pipe(text.replace("3.0", "4.0"))), "--catalogue", "c.toml"], tmp_path)[0] == 1
    assert perform(["calibrate", str(pipe(text)), str(pipe(text)), "--out", "n.toml"], tmp_path)[0] == 0


def test_a_report_shows_the_lines_that_came_out_of_a_pipe(tmp_path: Path, pipe: Pipe) -> None:
    (tmp_path / "a.log").write_text(LINES)
    assert perform(["diff", "a.log", str(pipe(OTHER)), "--html", "r.html"], tmp_path)[0] == 1
    assert "TRACE: q1700 1701.5" in (tmp_path / "r.html").read_text()


def test_long_traces_come_out_of_pipes_too(tmp_path: Path, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)
    (tmp_path / "a.log").write_text(LINES)
    found = compare_files(tmp_path / "a.log", pipe(OTHER), Catalogue())
    assert [f.quantity for f in found.origins] == ["q1700"] and found.lines
    assert sum(block.lines for block in columns(pipe(LINES))) == 2000


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    assert kept(path) == path, "what is not there is no pipe"
    path.write_text(LINES)
    assert kept(path) == path
