"""docs/catalogue.md: the program that steps in time is run out of the page, and says what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from textwrap import dedent

import pytest
from transcripts import perform

PAGE = (Path(__file__).parents[1] / "docs/catalogue.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Steps in time\n")[1].split("\n## ")[0]
PROGRAM, CATALOGUE, SESSION = (
    dedent(block) for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", SECTION, re.MULTILINE)
)


def printed(program: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(program, {})
    return out.getvalue()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "oscillator.toml").write_text(CATALOGUE)
    (tmp_path / "a.log").write_text(printed(PROGRAM))
    once = "    velocity *= 0.999 if step == 2 else 1\n"
    (tmp_path / "b.log").write_text(printed(PROGRAM.replace('    say("velocity"', once + '    say("velocity"')))
    return tmp_path


@pytest.mark.parametrize("session", re.split(r"^(?=\$ )", SESSION, flags=re.MULTILINE)[1:], ids=["check", "diff"])
def test_the_program_that_steps_in_time_says_what_the_page_shows(here: Path, session: str) -> None:
    command, _, expected = session.partition("\n")
    _, out, err = perform(command.split()[2:], here)
    assert err == ""
    lines = [line.rstrip() for line in out.splitlines()]
    wanted = expected.rstrip().splitlines()
    assert lines[: len(wanted)] == wanted


def test_every_value_of_the_program_is_checked(here: Path) -> None:
    """The first velocity has no step before it, and the first position is given: all others are decided."""
    status, out, _ = perform(["check", "b.log", "--catalogue", "oscillator.toml"], here)
    assert status == 1
    assert "22 hold, 1 do not, 2 cannot be checked" in out


def test_a_way_round_is_named_with_the_way_out(here: Path) -> None:
    text = CATALOGUE.replace('parents = ["stiffness"]\nbeside = ["position"]', 'parents = ["stiffness", "position"]')
    (here / "oscillator.toml").write_text(text)
    status, _, err = perform(["diff", "a.log", "b.log", "--catalogue", "oscillator.toml"], here)
    assert status == 2
    assert "quantity.accel is computed from itself: accel from position from velocity from accel. " in err
    assert "name it in 'beside', not in 'parents', and read at(accel, index(velocity)-1)" in err
    assert "catalogue.md, Steps in time" in err


def test_a_scope_of_another_loop_is_refused(here: Path) -> None:
    (here / "oscillator.toml").write_text(CATALOGUE.replace("final = true", 'scope = "step"'))
    status, _, err = perform(["check", "a.log", "--catalogue", "oscillator.toml"], here)
    assert status == 2
    assert "quantity.position has the scope 'step'; known are run, pixel, layer, subpixel, source, phi, mosaic" in err
    assert "leave it out" in err
