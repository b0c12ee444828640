"""firstbad.toml: what is read, and how commands become argument lists."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from firstbad.bisect.inquiry import Program, load
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():  # typer imports what the newest click calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from firstbad.ui.commands.init import TEMPLATE

PLACE = {"image": "/out/im age", "tree": "/tree", "directory": "/room", "slow": "3", "fast": "4"}


def test_the_template_of_init_is_an_inquiry(tmp_path: Path):
    (tmp_path / "firstbad.toml").write_text(TEMPLATE)
    inquiry = load(tmp_path / "firstbad.toml")
    assert inquiry.repository is None
    assert inquiry.directory.resolve() == tmp_path.resolve()
    assert [case.name for case in inquiry.cases] == ["cubic"]
    assert (inquiry.gate.correlation, inquiry.gate.sum_ratio) == (0.999, 5e-3)


def test_placeholders_are_filled_after_the_split():
    """A blank in a path never makes two words of one."""
    program = Program("candidate", "{python} {tree}/port.py {args} -floatfile {image}")
    assert program.argv(PLACE, args="-N 5 'a b'") == [
        *(sys.executable, "/tree/port.py"),
        *("-N", "5", "a b", "-floatfile", "/out/im age"),
    ]


def test_tracing_uses_the_trace_command_where_there_is_one():
    assert Program("reference", "a", "b {slow} {fast}").argv(PLACE, args="", tracing=True) == ["b", "3", "4"]
    assert Program("reference", "a").argv(PLACE, args="", tracing=True) == ["a"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5))
def test_any_arguments_arrive_as_they_are(words: list[str]):
    import shlex

    program = Program("reference", "x {args} y")
    assert program.argv(PLACE, args=shlex.join(words)) == ["x", *words, "y"]
