"""`firstbad check` on the screen: beside a value that does not follow stands what its formula gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from transcripts import perform

KNOWN = """
[quantity.x]
kind = "input"
[quantity.twice]
parents = ["x"]
formula = "2*x"
[quantity.turned]
shape = [3]
parents = ["x"]
of = "norm(turned)"
formula = "x"
"""


def checked(folder: Path, text: str) -> list[str]:
    (folder / "known.toml").write_text(KNOWN)
    (folder / "a.log").write_text("".join(f"TRACE_C: {line}\n" for line in text.split("; ")))
    status, out, err = perform(["check", "a.log", "--catalogue", "known.toml"], folder)
    assert (status, err) == (1, "")
    return out.splitlines()[2:-1]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x 1.5; twice 4", ["    printed       4", "    formula gives 3"]),
        (  # with as many digits as tell the two apart
            "x 1.0000000000000002; twice 2.0000000000003",
            ["    printed       2.0000000000003", "    formula gives 2.0000000000000004"],
        ),
    ],
)
def test_what_the_formula_gives_stands_below_what_was_printed(tmp_path: Path, text: str, lines: list[str]) -> None:
    assert checked(tmp_path, text) == lines


def test_a_formula_that_gives_only_the_length_of_a_vector_gives_no_value_of_it(tmp_path: Path) -> None:
    assert checked(tmp_path, "x 1.5; turned 1 2 2")[0] == "    printed 1 2 2"
