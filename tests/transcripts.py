"""Golden transcripts: a case file holds the files, the command line, and what it said.

    What this case shows, in a sentence.
    setup: drifting_repo              # optional: a function of toys.py that fills the directory
    $ firstbad diff a.log b.log
    -- file a.log --
    TRACE_C: F_cell 100
    -- exit --
    1
    -- stdout --
    …
    -- stderr --
    …

Commands run in this process, in a directory of their own, with 100 columns; paths, times and durations are scrubbed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

with warnings.catch_warnings():  # typer imports what the newest click calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from firstbad.ui.cli import main

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.txt"))
ACTUAL = HERE / "actual"
_SECTION = re.compile(r"^-- (.+) --$", re.MULTILINE)
# No number of ours looks like these; each scrub says what it hides.
SCRUBS = (
    (re.compile(r"\d{8}-\d{6}(-\d+|-[0-9a-f]{6})?(?=-hunks|[/\s\"'.]|$)"), "STAMP"),
    (re.compile(r"\b\d+\.\d+ s\b"), "N.N s"),
    (re.compile(r"about \d+ s to go"), "about N s to go"),
    (re.compile(r'("seconds": )[\d.e-]+'), r"\1N"),
    (re.compile(r"/tmp/[\w./-]+"), "TMP"),
)


@dataclass
class Case:
    """One transcript: how it is started and what it should say."""

    note: str
    command: str
    setup: str = ""
    files: dict[str, str] = field(default_factory=dict[str, str])
    exit: int = -1
    stdout: str = ""
    stderr: str = ""

    def text(self) -> str:
        """The case as a file."""
        setup = f"setup: {self.setup}\n" if self.setup else ""
        parts = [f"{self.note}\n{setup}$ {self.command}\n"]
        parts += [f"-- file {name} --\n{text}" for name, text in self.files.items()]
        return "".join([*parts, f"-- exit --\n{self.exit}\n-- stdout --\n{self.stdout}-- stderr --\n{self.stderr}"])


def parse(text: str) -> Case:
    """The case that `text` holds; sections that are missing are empty."""
    first, *rest = _SECTION.split(text)
    lines = first.strip().splitlines()
    setup = next((x.removeprefix("setup:").strip() for x in lines if x.startswith("setup:")), "")
    command = next(x[2:] for x in lines if x.startswith("$ "))
    case = Case(" ".join(x for x in lines if not x.startswith(("setup:", "$ "))), command, setup)
    for name, behind in zip(rest[::2], rest[1::2], strict=True):
        body = behind[1:]
        if name.startswith("file "):
            case.files[name[5:]] = body
        elif name == "exit":
            case.exit = int(body)
        elif name == "stdout":
            case.stdout = body
        elif name == "stderr":
            case.stderr = body
    return case


def perform(words: list[str], folder: Path) -> tuple[int, str, str]:
    """Run one command in `folder` in this process: exit status, stdout and stderr, unscrubbed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(words)
    return status, out.getvalue(), err.getvalue()


def scrub(text: str, folder: Path) -> str:
    """Without what differs from run to run: where, when, how long."""
    places = {
        folder: "HERE",
        folder.parent / "home": "HOME",
        HERE.parent / "tracer": "FIRSTBAD",
        sys.executable: "PYTHON",
    }
    for place, word in places.items():
        text = text.replace(str(place), word)
    for pattern, word in SCRUBS:
        text = pattern.sub(word, text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def play(case: Case, folder: Path) -> Case:
    """The case as it really goes, in an empty `folder`."""
    import toys

    os.environ["FIRSTBAD_HOME"] = str(folder.parent / "home")
    for name, text in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    values: dict[str, str] = (getattr(toys, case.setup)(folder) or {}) if case.setup else {}
    words = [word.format(**values) if values else word for word in shlex.split(case.command)[1:]]
    status, out, err = perform(words, folder)
    return Case(case.note, case.command, case.setup, case.files, status, scrub(out, folder), scrub(err, folder))
