"""Steps before the probe: set up an environment, build. A result is kept by the content it depends on.

`--setup "pip install -e ."` depends on pyproject and lock files, `--build "make -C c"` on its sources: as long
as those are the same in two commits, the second gets the first one's files. A failed step is never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from .locks import Lock
from .plumbing import git
from .sandbox import Ended, Limits, Stop, run
from .worktrees import Slot, remove_tree

PROJECT_FILES = (
    ":(glob)**/pyproject.toml", ":(glob)**/setup.py", ":(glob)**/setup.cfg", ":(glob)**/requirements*.txt",
    ":(glob)**/constraints*.txt", ":(glob)**/*.lock", ":(glob)**/package-lock.json",
)  # fmt: skip


class Where(StrEnum):
    """What a step makes: files in the worktree, or an environment beside it."""

    TREE = "build"
    ENVIRONMENT = "setup"


@dataclass(frozen=True, slots=True)
class Step:
    """A shell command, and the git pathspecs of the files its result depends on (none: the whole tree).

    A step of kind ENVIRONMENT runs inside a Python virtual environment of its own that sees everything the
    surrounding one has (`pip install -e .` lands there, never in the user's); other programs may use its
    directory, $FIRSTBAD_PREFIX. It belongs to one slot, since what is installed there names the slot's path.
    """

    command: str
    depends: tuple[str, ...] = ()
    where: Where = Where.TREE
    limits: Limits = field(default_factory=lambda: Limits(seconds=1800.0))


def prepare(step: Step, slot: Slot, env: dict[str, str], *, home: Path, out: Path, stop: Stop | None) -> Ended | None:
    """Do `step`, or take its kept result; adds to `env`. Returns how it ended where it failed, else None."""
    key = key_of(step, slot, env)
    if step.where is Where.ENVIRONMENT:
        return _environment(step, slot, env, home / "environments" / f"{slot.place.name}-{key[:24]}", out, stop)
    return _build(step, slot, env, home / "builds" / key, out, stop)


def key_of(step: Step, slot: Slot, env: Mapping[str, str]) -> str:
    """What the result depends on: the command, compiler variables, the files (by blob id), the machine."""
    listed = git("ls-files", "--stage", "-z", "--", *step.depends, env=_own(slot), cwd=slot.tree)
    files = sorted(listed.split(b"\0"))
    chosen = {k: v for k, v in env.items() if k in ("PATH", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS")}
    said = json.dumps([step.command, step.where, chosen, list(os.uname())[::4]], sort_keys=True)
    return hashlib.sha256(said.encode() + b"\0".join(files)).hexdigest()


def _own(slot: Slot) -> dict[str, str]:
    return {"GIT_DIR": str(slot.git_dir), "GIT_WORK_TREE": str(slot.tree)}


def _build(step: Step, slot: Slot, env: Mapping[str, str], kept: Path, out: Path, stop: Stop | None) -> Ended | None:
    if kept.is_dir():
        shutil.copytree(kept, slot.tree, symlinks=True, dirs_exist_ok=True)
        return None
    before = _made(slot)
    ended = run(step.command, cwd=slot.tree, env=env, out=out, limits=step.limits, stop=stop)
    if ended.code != 0:
        return ended
    part = kept.with_name(f"{kept.name}.{uuid.uuid4().hex}.part")
    try:
        for name in _made(slot) - before | _changed(slot):
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(slot.tree / name, part / name, follow_symlinks=False)
        part.mkdir(parents=True, exist_ok=True)
        part.rename(kept)
    except OSError:  # full disk, or another slot was first: the build itself is fine, it is just not kept
        remove_tree(part)
    return None


def _made(slot: Slot) -> set[str]:
    """Untracked files, ignored ones included."""
    return _names(git("ls-files", "--others", "-z", env=_own(slot), cwd=slot.tree))


def _changed(slot: Slot) -> set[str]:
    """Tracked files that the step rewrote."""
    names = _names(git("diff-files", "--name-only", "-z", "--diff-filter=M", env=_own(slot), cwd=slot.tree))
    return {n for n in names if (slot.tree / n).exists()}


def _names(listed: bytes) -> set[str]:
    return {os.fsdecode(name) for name in listed.split(b"\0") if name}


def _environment(
    step: Step, slot: Slot, env: dict[str, str], prefix: Path, out: Path, stop: Stop | None
) -> Ended | None:
    """Enter the kept environment, or make it; `done` inside says that it was finished."""
    lock = Lock(prefix.with_suffix(".lock"))
    try:
        lock.take()
        inner = _entered(env, prefix)
        if not (prefix / "done").exists():
            remove_tree(prefix)
            _make_venv(prefix, env)
            ended = run(step.command, cwd=slot.tree, env=inner, out=out, limits=step.limits, stop=stop)
            if ended.code != 0:
                remove_tree(prefix)
                return ended
            (prefix / "done").write_text(step.command)
        env.update(inner)
        return None
    finally:
        lock.drop(remove=True)


def _entered(env: Mapping[str, str], prefix: Path) -> dict[str, str]:
    path = f"{prefix / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    return {**env, "PATH": path, "VIRTUAL_ENV": str(prefix), "FIRSTBAD_PREFIX": str(prefix)}


def _make_venv(prefix: Path, env: Mapping[str, str]) -> None:
    """A virtual environment over the Python that the probe would use, with all that one has; pip comes from it.

    Without a Python on the path the directory alone has to do (for `npm ci --prefix` and the like).
    """
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    outer = shutil.which("python", path=env.get("PATH")) or shutil.which("python3", path=env.get("PATH"))
    if outer is None:
        return
    out = prefix / "log"
    made = run([outer, "-m", "venv", "--without-pip", str(prefix)], cwd=prefix, env=env, out=out)
    asked = run([outer, "-c", "import sys; print(*sys.path[1:], sep='\\n')"], cwd=prefix, env=env, out=out / "path")
    sites = [line for line in asked.text().splitlines() if line.endswith(("site-packages", "dist-packages"))]
    if made.code == 0:
        for site in prefix.glob("lib/python*/site-packages"):
            lines = "".join(f"import site; site.addsitedir({name!r})\n" for name in sites)
            (site / "_firstbad_outer.pth").write_text(lines)
        pip = prefix / "bin" / "pip"
        pip.write_text(f'#!/bin/sh\nexec "{prefix}/bin/python" -m pip "$@"\n')
        pip.chmod(0o755)
        with contextlib.suppress(OSError):
            (prefix / "bin" / "pip3").symlink_to("pip")
