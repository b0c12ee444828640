"""Both simulators tell the same files as read, and the right ones."""

from __future__ import annotations

import contextlib
import io
import shlex
import subprocess
import zlib
from pathlib import Path

import pytest
from firstbad.sim import reference
from firstbad.sim.program import main
from firstbad.tracer.model import Trace
from firstbad.tracer.text import parse
from reference_runs import run
from sim_lines import write_inputs

BASE = "-cell 70 80 90 75 85 95 -default_F 50 -N 3 -lambda 1.1 -distance 90 -nonoise -nopgm -seed 1 -trace_pixel 4 3"
SMALL = "-detpixels 10"
READ = {
    "nothing": (SMALL, []),
    "structure factors": (f"{SMALL} -hkl P1.hkl", ["P1.hkl"]),
    "a path": (f"{SMALL} -hkl ./P1.hkl", ["./P1.hkl"]),
    "a matrix": (f"{SMALL} -mat A.mat", ["A.mat"]),
    "sources": (f"{SMALL} -sourcefile s.txt", ["s.txt"]),
    "background": (f"{SMALL} -stol stol.txt", ["stol.txt"]),
    "the same by another name": (f"{SMALL} -Q stol.txt", ["stol.txt"]),
    "a mask": ("-mask m.img", ["m.img"]),
    "an image": ("-img h.img", ["h.img"]),
    "a mask that is the image": ("-img m.img -mask m.img", ["m.img"]),
    "the last of several": ("-img h.img -img long.img -mask long.img -mask m.img", ["m.img", "long.img"]),
    "no image at all": (f"{SMALL} -img text.img", []),
    "no mask at all": (f"{SMALL} -mask text.img", []),
    "all of them": (
        "-mask m.img -img h.img -hkl P1.hkl -mat A.mat -sourcefile s.txt -stol stol.txt",
        ["P1.hkl", "A.mat", "s.txt", "m.img", "h.img", "stol.txt"],
    ),
}


def by_c(folder: Path, words: str) -> Trace:
    return parse("\n".join(run(reference.build(), folder, *shlex.split(words)).lines))


def by_torch(folder: Path, words: str) -> Trace:
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        assert main([*shlex.split(words), "--threads", "1"]) == 0
    return parse(out.getvalue())


def told(trace: Trace, folder: Path) -> list[str]:
    """The names, each checked against the file."""
    assert trace.sealed and trace.facts["inputs"] == "told"
    for one in trace.inputs:
        content = (folder / one.name).read_bytes()
        assert (one.size, one.crc32) == (len(content), zlib.crc32(content))
    return [one.name for one in trace.inputs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_inputs(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("words", "names"), READ.values(), ids=READ)
def test_both_tell_what_an_option_made_them_read(words: str, names: list[str], folder: Path) -> None:
    for simulate in (by_c, by_torch):
        (folder / "Fdump.bin").unlink(missing_ok=True)
        assert told(simulate(folder, f"{BASE} {words}"), folder) == names


@pytest.mark.parametrize(
    ("more", "names"),
    [("", ["Fdump.bin"]), ("-hkl sparse.hkl", ["sparse.hkl"]), ("--quirks=none", [])],
)
def test_both_tell_a_stale_cache_where_they_read_it(more: str, names: list[str], folder: Path) -> None:
    stale = folder / "Fdump.bin"
    by_c(folder, f"{BASE} {SMALL} -hkl P1.hkl")
    content = stale.read_bytes()
    for simulate in (by_c, by_torch):
        stale.write_bytes(content)
        assert told(simulate(folder, f"{BASE} {SMALL} {more}"), folder) == names


def test_an_unsealed_trace_of_the_c_program_tells_no_file(folder: Path) -> None:
    trace = by_c(folder, f"{BASE} {SMALL} -hkl P1.hkl --seal=off")
    assert not trace.sealed and trace.inputs == ()


def test_a_pipe_is_read_by_the_program_and_not_by_the_trace(folder: Path) -> None:
    """What was read to measure it would be gone: the traced run would be another one."""
    words = shlex.split(f"{BASE} {SMALL} -mat /dev/stdin".replace("-cell 70 80 90 75 85 95", ""))
    matrix = (folder / "A.mat").read_bytes()
    images = list[bytes]()
    for more in ([], ["-trace_pixel", "-1", "-1"]):
        done = subprocess.run([str(reference.build()), *words, *more], cwd=folder, input=matrix, capture_output=True)
        assert done.returncode == 0 and b"TRACE_INPUT" not in done.stdout
        images.append((folder / "floatimage.bin").read_bytes())
    assert images[0] == images[1]
