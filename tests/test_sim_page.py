"""docs/simulator.md: its examples run, and it names every option of our own and every override."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from firstbad.sim.inputs import OVERRIDES
from firstbad.sim.program import _SWITCHES, _VALUES

PAGE = (Path(__file__).parents[1] / "docs" / "simulator.md").read_text()
EXAMPLES = [
    "\n".join(line[4:] for line in block.splitlines())
    for block in re.findall(r"(?m)(?:^ {4}.*\n|^\n(?= {4}))+", PAGE)
    if "import" in block
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/simulator.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "floatimage_accumulated" in printed or re.search(r"tensor\(\[.*e\+", printed)


def test_the_page_is_complete() -> None:
    assert len(EXAMPLES) == 2
    assert [name for name in (*_VALUES, *_SWITCHES) if name != "--help" and f"`{name}" not in PAGE] == []
    assert [name for name in OVERRIDES if name not in PAGE] == []
