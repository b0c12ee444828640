"""Every golden transcript in tests/cases: the command says today what it said when a person read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from transcripts import ACTUAL, CASES, parse, play


@pytest.fixture(autouse=True)
def quiet_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in set(os.environ) - {"PATH", "VIRTUAL_ENV", "TMPDIR", "PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)  # this machine's variables, and the files that they name, are suspects like any other
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("FIRSTBAD_HOME", "set by the case")


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]):
    wanted = parse(path.read_text(encoding="utf-8"))
    folder = tmp_path / "here"
    folder.mkdir()
    found = play(wanted, folder)
    if found.text() == wanted.text():
        return
    if request.config.getoption("--update-cases"):
        path.write_text(found.text(), encoding="utf-8")
        with capsys.disabled():
            print(f"\nupdated {path.name}")
        return
    ACTUAL.mkdir(exist_ok=True)
    (ACTUAL / path.name).write_text(found.text(), encoding="utf-8")
    assert found.text() == wanted.text(), f"see tests/actual/{path.name}; --update-cases accepts it"


def test_there_are_cases():
    assert len(CASES) >= 25
