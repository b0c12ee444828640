"""The pytest fixture, in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

TRACE = "TRACE_C: hkl_frac 1 2 3\nTRACE_C: F_cell {}\nTRACE_C: F_latt 5\n"
TEST = """
def test_port(assert_traces_agree):
    assert_traces_agree("reference.log", "candidate.log")
"""


def run(folder: Path, reference: str, candidate: str) -> subprocess.CompletedProcess[str]:
    (folder / "reference.log").write_text(TRACE.format(reference))
    (folder / "candidate.log").write_text(TRACE.format(candidate))
    (folder / "test_port.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_traces_that_agree_pass(tmp_path: Path) -> None:
    assert run(tmp_path, "100", "100").returncode == 0


def test_a_bad_quantity_fails_with_the_answer_first(tmp_path: Path) -> None:
    ran = run(tmp_path, "108.21", "100")
    assert ran.returncode == 1
    assert "DIFFERENT first bad: F_cell" in ran.stdout
    assert "108.21" in ran.stdout
