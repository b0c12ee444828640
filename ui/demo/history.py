"""A generated repository: a port of the simulator and sixty commits, of which one breaks a formula.

The port is a copy of the installed torch simulator. Every other commit renames a private function, reformats a file,
adds remarks or blank lines, and three commits do not even import; each of these is taken back by the next one.
"""

from __future__ import annotations

import ast
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...tracer.errors import FirstbadError

COMMITS = 60
BROKEN_FORMULA = 37
DO_NOT_IMPORT = (11, 29, 44)
FAULT_FILE = "port/sim/shape.py"
FAULT = ("(parts[0] * parts[1]) * parts[2]", "(parts[0] * parts[1]) * parts[1]")
ENTRY = '''\
"""Run the port: the arguments are nanoBragg's own."""

import sys

from port.sim.program import main

sys.exit(main(sys.argv[1:]))
'''


@dataclass(frozen=True, slots=True)
class Story:
    """The generated repository, its ends, and the truth that an investigation has to find."""

    repository: Path
    good: str
    bad: str
    culprit: str


def make(repository: Path, seed: int = 1) -> Story:
    """Write the repository with its sixty commits; deterministic for a given port and `seed`."""
    repository.mkdir(parents=True)
    _copy_port(repository)
    git = _Git(repository)
    git("init", "--quiet", "--initial-branch=main")
    shas = [git.commit("Port of the simulator, first version", 0)]
    chance = random.Random(seed)
    taken_back: Callable[[], None] | None = None
    for number in range(1, COMMITS):
        if taken_back is not None:
            taken_back()
            taken_back, subject = None, "Repair the import"
        elif number in DO_NOT_IMPORT:
            taken_back, subject = _break_import(repository, chance), "Start to split the helpers"
        elif number == BROKEN_FORMULA:
            subject = _break_formula(repository, chance)
        else:
            subject = _harmless(repository, chance)
        shas.append(git.commit(subject, number))
    return Story(repository, shas[0], shas[-1], shas[BROKEN_FORMULA])


def _copy_port(repository: Path) -> None:
    """The installed simulator as a package of its own, with the tracer's modules that it uses."""
    here = Path(__file__).resolve().parents[2]
    for part in ("tracer", "sim"):
        target = repository / "port" / part
        target.mkdir(parents=True)
        for source in sorted((here / part).glob("*.py")):
            (target / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (repository / "run.py").write_text(ENTRY)
    (repository / ".gitignore").write_text("__pycache__/\n")


class _Git:
    """Just enough git, with an author and dates of its own and nobody's configuration."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository

    def __call__(self, *words: str, when: int = 0) -> str:
        import os

        stamp = f"{1_750_000_000 + 3600 * when} +0000"
        who = {"NAME": "A Porter", "EMAIL": "porter@example.org", "DATE": stamp}
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env |= {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-C", str(self.repository), *words], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise FirstbadError(
                f"git {words[0]} failed: {done.stderr.strip()}",
                remedy="check that git works here",
                slug="git",
            )
        return done.stdout.strip()

    def commit(self, subject: str, when: int) -> str:
        self("add", "--all", when=when)
        self("commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", subject, when=when)
        return self("rev-parse", "HEAD", when=when)


def _files(repository: Path) -> list[Path]:
    return sorted(p for p in (repository / "port" / "sim").glob("*.py") if not p.name.startswith("__"))


def _harmless(repository: Path, chance: random.Random) -> str:
    """One edit that changes no result; tried until it really changes the file."""
    while True:
        path = chance.choice(_files(repository))
        edit = chance.choice((_remark, _remark, _rename, _rename, _space, _reformat))
        before = path.read_text(encoding="utf-8")
        after, subject = edit(before, path.name, chance)
        if after == before or (edit is _reformat and path.name == Path(FAULT_FILE).name):
            continue
        ast.parse(after)
        path.write_text(after, encoding="utf-8")
        return subject


def _top_level(source: str) -> list[int]:
    """The lines (from 0) where a top-level function or class begins, its decorators included."""
    nodes = ast.parse(source).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [min([n.lineno, *(d.lineno for d in n.decorator_list)]) - 1 for n in nodes if isinstance(n, kinds)]


def _insert(source: str, line: int, text: str) -> str:
    lines = source.splitlines(keepends=True)
    return "".join([*lines[:line], text, *lines[line:]])


def _remark(source: str, name: str, chance: random.Random) -> tuple[str, str]:
    places = _top_level(source)
    if not places:
        return source, ""
    note = chance.choice(("checked against the text", "see the specification", "kept as it was", "units as above"))
    return _insert(source, chance.choice(places), f"# {note} ({chance.randrange(1000)})\n"), f"Remarks in {name}"


def _space(source: str, name: str, chance: random.Random) -> tuple[str, str]:
    places = _top_level(source)
    if not places:
        return source, ""
    return _insert(source, chance.choice(places), "\n"), f"Air in {name}"


def _rename(source: str, name: str, chance: random.Random) -> tuple[str, str]:
    """Rename one private top-level function everywhere in its own file."""
    private = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name[0] == "_"]
    if not private:
        return source, ""
    old = chance.choice(sorted(private))
    new = f"{old.split('_v')[0]}_v{chance.randrange(2, 100)}"
    if new in source:
        return source, ""
    return re.sub(rf"\b{re.escape(old)}\b", new, source), f"Rename {old} in {name}"


def _reformat(source: str, name: str, chance: random.Random) -> tuple[str, str]:
    """The whole file as Python's own unparser writes it: every line may change, no result does."""
    del chance
    return ast.unparse(ast.parse(source)) + "\n", f"Reformat {name}"


def _break_import(repository: Path, chance: random.Random) -> Callable[[], None]:
    path = repository / "port" / "sim" / chance.choice(("scatter.py", "detector.py", "crystal.py", "flags.py"))
    before = path.read_text(encoding="utf-8")
    first = _top_level(before) or [len(before.splitlines())]
    broken = _insert(before, first[0], f"from .helpers_{chance.randrange(100)} import everything\n\n\n")
    path.write_text(broken, encoding="utf-8")

    def take_back() -> None:
        path.write_text(before, encoding="utf-8")

    return take_back


def _break_formula(repository: Path, chance: random.Random) -> str:
    """The one commit that matters: a wrong factor among remarks and a rename in the same file."""
    path = repository / FAULT_FILE
    source = path.read_text(encoding="utf-8")
    right, wrong = FAULT
    if source.count(right) != 1:
        raise FirstbadError(
            f"the demo cannot plant its fault: {right!r} is not in {FAULT_FILE} exactly once",
            remedy="This is a defect in firstbad: report it",
            slug="internal",
        )
    source = source.replace(right, wrong)
    for _ in range(3):
        source, _ = _remark(source, path.name, chance)
    source, _ = _rename(source, path.name, chance)
    ast.parse(source)
    path.write_text(source, encoding="utf-8")
    return "Tidy shape.py: names and remarks"
