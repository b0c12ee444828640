"""Ask git, without ever writing into the user's repository and without running anything it configured."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...tracer.errors import FirstbadError

# No hook, no file system monitor, no filter: what a repository configured is not run behind the user's back.
QUIET = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.attributesFile=/dev/null",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "safe.directory=*",
    "-c", "advice.detachedHead=false",
)  # fmt: skip


class GitError(Exception):
    """A git command that ended badly; its last line says why. Callers make a sentence or a verdict of it."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.said, self.code = said, code


def git(
    *args: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    data: bytes | None = None,
    config: bool = False,
) -> bytes:
    """Run one git command and return its output; `config` lets the user's own settings (filters) count."""
    command = ["git", *(() if config else QUIET), *args]
    try:
        done = subprocess.run(
            command,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            cwd=cwd,
            env=git_environment(env, config),
            check=False,
            start_new_session=True,  # a Ctrl-C must not leave a half-made checkout unexplained
        )
    except FileNotFoundError as exc:
        if exc.filename != "git":
            raise
        raise FirstbadError(
            "git is not on this machine", remedy="Install git and try again", slug="git-missing"
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or os.strerror(errno.EIO)
        raise GitError(said.splitlines()[-1].removeprefix("fatal: "), done.returncode)
    return done.stdout


def git_environment(extra: Mapping[str, str] | None, config: bool = False) -> dict[str, str]:
    """Ours without git's variables (a hook may have started us), without prompts and lazy fetches."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_ATTR_NOSYSTEM": "1"}
    if not config:
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_NO_LAZY_FETCH": "1"}
    return env | dict(extra or {})


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a user's repository keeps its objects; only ever read."""

    path: Path
    common: Path
    objects: Path
    object_format: str
    shallow: bool

    def ask(self, *args: str) -> str:
        """One reading git command; GitError where it ends badly."""
        return git("--git-dir", str(self.common), *args).decode(errors="replace").strip()

    def resolve(self, name: str) -> str:
        """The full id of the commit that `name` means; FirstbadError (commit-unknown) where there is none."""
        try:
            # HEAD of a linked worktree is its own, so ask from the path that the user gave
            asked = git(
                "-C",
                str(self.path),
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{name}^{{commit}}",
            )
        except GitError:
            hint = " (the repository is shallow: it may lie before its edge)" if self.shallow else ""
            raise FirstbadError(
                f"'{name}' names no commit in {self.path}{hint}",
                remedy="Give a commit, tag or branch that `git rev-parse` knows" + (", or fetch more" if hint else ""),
                slug="commit-unknown",
            ) from None
        return asked.decode().strip()


def _no_repository(path: Path, said: str) -> str:
    """What git says in addition, unless it only says the same: it may own the folder and be refused to us."""
    return f"{path} is no git repository" + ("" if "not a git repository" in said else f": {said}")


def open_repository(path: Path) -> Repository:
    """Find the repository at or above `path`: plain, bare, shallow, linked worktree. Writes nothing."""
    if not path.is_dir():
        raise FirstbadError(
            f"{path} is no directory", remedy="Give the directory of a git repository", slug="no-repository"
        )
    try:
        said = git(
            "-C", str(path), "rev-parse", "--path-format=absolute", "--git-common-dir", "--git-path", "objects",
            "--is-shallow-repository", "--show-object-format",
        )  # fmt: skip
    except GitError as failed:
        raise FirstbadError(
            _no_repository(path, failed.said),
            remedy="Give its directory with --repo",
            slug="no-repository",
        ) from None
    common, objects, shallow, kind = said.decode(errors="surrogateescape").splitlines()
    return Repository(path.resolve(), Path(common), Path(objects), kind, shallow == "true")


def copied_config(repository: Repository, pattern: str) -> list[tuple[str, str]]:
    """Settings of the user's repository whose name matches `pattern`, to be followed when asked."""
    try:
        said = git("--git-dir", str(repository.common), "config", "--local", "--null", "--get-regexp", pattern)
    except GitError:
        return []
    pairs = (item.partition("\n") for item in said.decode(errors="replace").split("\0") if item)
    return [(key, value) for key, _, value in pairs]


def paths_of(names: Sequence[str]) -> list[str]:
    """Path arguments after `--`, or none at all."""
    return ["--", *names] if names else []
