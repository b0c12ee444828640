"""Lay files over an old commit's worktree: a tracer for commits that have none. Never committed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...tracer.errors import FirstbadError

HOOK = Path(__file__).with_name("taps_hook.py")


@dataclass(frozen=True, slots=True)
class Overlay:
    """Files that are laid over the worktree, and functions of its modules that are tapped from outside.

    `files` are pairs (path in the worktree, file to copy there); with `only_missing` a file the commit has
    itself is left alone. `taps` are pairs ("package.module:function", quantity): an import hook wraps the
    function when the commit's module is loaded and writes its result as a TRACE line to standard error; a
    function that the commit does not have is said there too. Both leave with the checkout of the next commit.
    """

    files: tuple[tuple[str, str], ...] = ()
    only_missing: bool = False
    taps: tuple[tuple[str, str], ...] = ()

    def lay(self, tree: Path, env: dict[str, str], beside: Path) -> None:
        """Put the files into `tree`, the hook into the folder `beside` and the variables it needs into `env`.

        FirstbadError (overlay-outside) for a target outside the worktree.
        """
        for target, source in self.files:
            place = tree / target
            if not place.resolve().is_relative_to(tree.resolve()):
                raise FirstbadError(
                    f"the overlay would write {target}, outside the worktree",
                    remedy="Give targets relative to the top of the worktree",
                    slug="overlay-outside",
                )
            if self.only_missing and place.exists():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                place.unlink()
            shutil.copy2(source, place)
        if self.taps:
            beside.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HOOK, beside / "sitecustomize.py")
            env.update(hooked(env, dict(self.taps), beside))

    def fingerprint(self) -> str:
        """Hash of all that is laid over; FirstbadError (overlay-missing) where a source cannot be read."""
        said = hashlib.sha256(json.dumps([self.only_missing, list(self.taps)]).encode())
        for target, source in self.files:
            try:
                said.update(f"{target}\0".encode() + hashlib.sha256(Path(source).read_bytes()).digest())
            except OSError as exc:
                raise FirstbadError(
                    f"the overlay file {source} cannot be read: {exc.strerror}",
                    remedy="Check its path and rights",
                    slug="overlay-missing",
                ) from None
        return said.hexdigest()


def hooked(env: Mapping[str, str], taps: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables that make every Python below load our sitecustomize, which loads the user's after it."""
    path = os.pathsep.join(filter(None, [str(folder), env.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, "FIRSTBAD_TAPS": json.dumps(dict(taps))}
