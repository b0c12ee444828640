"""`firstbad ambient` as a user runs it, in processes of its own: each planted cause is named, in at most 30 probes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CODE = "import os, sys; here = os.path.exists; env = os.environ.get; sys.exit(bool({}))"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory with 300 files in it, some in folders, and a home of its own."""
    folder = tmp_path / "project" / "run"
    for k in range(300):
        file = folder / f"d{k % 7}" / f"file{k}.dat" if k % 3 else folder / f"file{k}.dat"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{k}\n")
    (tmp_path / "home" / ".config").mkdir(parents=True)
    return folder


def ambient(where: Path, *command: str, more: dict[str, str] | None = None, options: tuple[str, ...] = ()) -> Any:
    """What the command says in `where`, with 60 variables about; the number of probes is printed."""
    keep = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    env = {k: v for k, v in os.environ.items() if k in keep} | {f"V{k}": str(k) for k in range(60)}
    env |= {"HOME": str(where.parents[1] / "home"), **(more or {})}
    words = [sys.executable, "-m", "firstbad.ui", "ambient", "--json", *options, "--", *command]
    done = subprocess.run(words, cwd=where, env=env, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)
    assert "error" not in said, said
    print(f"{said['named']}: {said['probes']} probes of {said['suspects']}")
    assert said["probes"] <= 30
    return said


def python(condition: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", CODE.format(condition)]


def is_confirmed(said: Any, *names: str) -> None:
    assert [set(s) for s in said["named"]] == [set(names)]
    evidence = " ".join(said["evidence"])
    for name in names:
        assert f"everything without {name} is good, 2 times" in evidence
    assert "only " in evidence and "is bad, 2 times" in evidence


def test_one_file_among_300(here: Path) -> None:
    (here / "Fdump.bin").write_bytes(b"stale")
    is_confirmed(ambient(here, *python("here('Fdump.bin')")), "Fdump.bin")


def test_two_files_that_matter_only_together(here: Path) -> None:
    said = ambient(here, *python("here('d2/file23.dat') and here('file171.dat')"))
    is_confirmed(said, "d2/file23.dat", "file171.dat")


def test_a_file_in_a_parent_directory_beside_what_stays(here: Path) -> None:
    """The folder next to ours is there in every room: without it the program could not run at all."""
    (here.parent / "params.txt").write_text("oversample 3\n")
    (here.parent / "data").mkdir()
    (here.parent / "data" / "P1.hkl").write_text("1 2 3 4\n")
    condition = "here('../params.txt') if here('../data/P1.hkl') else sys.exit(3)"
    is_confirmed(ambient(here, *python(condition)), "../params.txt")


def test_a_variable_among_60(here: Path) -> None:
    said = ambient(here, *python("env('OMP_DYNAMIC') == 'true'"), more={"OMP_DYNAMIC": "true"})
    is_confirmed(said, "$OMP_DYNAMIC")


@pytest.mark.skipif(shutil.which("locale") is None, reason="needs the locale command")
def test_a_locale(here: Path) -> None:
    said = ambient(here, 'test "$(locale charmap)" != UTF-8', more={"LANG": "C", "LC_CTYPE": "C.UTF-8"})
    is_confirmed(said, "$LC_CTYPE")


def test_a_config_file_at_home(here: Path) -> None:
    (here.parents[1] / "home" / ".config" / "nb.toml").write_text("phi = 1\n")
    is_confirmed(ambient(here, *python("here(env('HOME') + '/.config/nb.toml')")), "~/.config/nb.toml")


def test_a_file_that_a_variable_names_and_the_variable(here: Path) -> None:
    elsewhere = here.parents[1] / "elsewhere" / "beam.cfg"
    elsewhere.parent.mkdir()
    elsewhere.write_text("3\n")
    said = ambient(
        here, *python("here(env('NB_BEAM', ''))"), more={"NB_BEAM": str(elsewhere)}, options=("--parents=0",)
    )
    is_confirmed(said, "$NB_BEAM", str(elsewhere))


def test_what_fails_everywhere_is_nothing_that_lies_around(here: Path) -> None:
    said = ambient(here, *python("True"))
    assert said["result"] == "NotHere" and said["named"] == []


def test_who_read_it_is_said(here: Path) -> None:
    (here / "Fdump.bin").write_bytes(b"stale")
    code = "import os, sys; sys.exit(os.path.exists('Fdump.bin') and len(open('Fdump.bin').read()) > 0)"
    said = ambient(here, sys.executable, "-c", code)
    is_confirmed(said, "Fdump.bin")
    assert said["read"] == ["the command read Fdump.bin, which no argument names"]
    assert said["probes"] <= 12
