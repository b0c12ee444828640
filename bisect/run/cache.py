"""Results that hold across searches, by all that they depend on: tree, command, environment, inputs, limits.

What is kept is how a command ended, not a verdict: another question can be put to it later.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .probe import Probe, starved
from .sandbox import Ended, argv_of
from .worktrees import remove_tree

if TYPE_CHECKING:
    from .attempt import Task

# They differ from one terminal or login to the next and no program computes from them.
VOLATILE = ("_", "OLDPWD", "PWD", "SHLVL", "TERM", "COLUMNS", "LINES", "WINDOWID", "TMPDIR")
VOLATILE_KIN = ("SSH_", "XDG_SESSION", "DBUS_", "TERM_", "VTE_", "PYTEST_", "TMUX", "FIRSTBAD_")


def key_of(task: Task, env: Mapping[str, str]) -> str:
    """The name of this attempt's result; "" where it may depend on something that has no name.

    That is: a command that runs in a directory outside the worktree, or whose inputs cannot be read; a tree that
    git cannot name.
    """
    if not task.tree or Path(task.probe.cwd).is_absolute():
        return ""
    said = about(task.probe, env)
    if said is None:
        return ""
    return name_of({
        **said,
        "tree": task.tree,
        "layout": asdict(task.layout),
        "cwd": task.probe.cwd,
        "env": {k: v for k, v in sorted(env.items()) if not is_volatile(k)},
        "steps": [asdict(step) for step in task.steps],
        "overlay": task.overlay.fingerprint() if task.overlay else "",
    })  # fmt: skip


def about(probe: Probe, env: Mapping[str, str]) -> dict[str, Any] | None:
    """What any result of this probe depends on, wherever it stands; None where an input cannot be read."""
    try:
        inputs = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in probe.inputs]
    except OSError:
        return None
    return {
        "version": 1,
        "machine": [platform.system(), platform.machine()],
        "command": probe.command if isinstance(probe.command, str) else list(probe.command),
        "program": _program(argv_of(probe.command)[0], env),
        "limits": asdict(probe.limits),
        "keep": probe.keep,
        "inputs": inputs,
    }


def name_of(said: Mapping[str, Any]) -> str:
    """One name for all that a result depends on."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_volatile(name: str) -> bool:
    """Whether the variable tells of a terminal or a login, and hardly of what is computed."""
    return name in VOLATILE or name.startswith(VOLATILE_KIN)


def _program(name: str, env: Mapping[str, str]) -> list[str | int]:
    """The program that `name` means: a new build of it is another program."""
    found = shutil.which(name, path=env.get("PATH"))
    if found is None:
        return [name]
    about = Path(found).stat()
    return [os.path.realpath(found), about.st_size, about.st_mtime_ns]


def find(home: Path, key: str, out: Path) -> Ended | None:
    """The kept result under `key`, copied to `out`; None where there is none (or a damaged one)."""
    place = _place(home, key)
    try:
        ended = Ended(**json.loads((place / "ended.json").read_text()))
        shutil.copytree(place, out, dirs_exist_ok=True)
    except (OSError, ValueError, TypeError):
        return None
    return replace(ended, stdout=str(out / "stdout"), stderr=str(out / "stderr"))


def keep(home: Path, key: str, ended: Ended, out: Path) -> None:
    """Keep a result that would come again: the command ended by itself, with an exit code that means something.

    A time-out, a signal, a missing command, a full disk or memory are facts about this machine today.
    """
    by_itself = not (ended.problem or ended.timed_out or ended.cancelled)
    if ended.code is None or not 0 <= ended.code < 126 or not by_itself or starved(ended):
        return
    place = _place(home, key)
    part = place.with_name(f"{key}.{uuid.uuid4().hex}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, part)
        (part / "ended.json").write_text(json.dumps(ended.as_dict()))
        remove_tree(place)
        part.rename(place)
    except OSError:  # a full disk, or another search was first: the result stands, it is just not kept
        remove_tree(part)


def _place(home: Path, key: str) -> Path:
    return home / "results" / key[:2] / key
