"""Generated repositories with real git, and what proves that nobody touched them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from firstbad.bisect.bisect_commits import Outcome
from firstbad.bisect.run.probe import Probe

Files = Mapping[str, str]
PROG = Probe([sys.executable, "-S", "prog.py"])
ENV = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}


def git(where: Path, *args: str, data: bytes | None = None) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *who, *args], cwd=where, env=ENV, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def make_repo(where: Path, count: int, files: Callable[[int], Files]) -> list[str]:
    """A line of `count` commits; `files(i)` are the files that commit i writes. Ids, oldest first."""
    where.mkdir(parents=True)
    git(where, "init", "-q", "-b", "main")
    stream: list[bytes] = []
    for i in range(count):
        note = f"commit {i}".encode()
        stream.append(b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % (1_700_000_000 + i))
        stream.append(b"data %d\n%s\n" % (len(note), note))
        for name, text in files(i).items():
            body = text.encode()
            stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(body), body))
    git(where, "fast-import", "--quiet", data=b"".join(stream))
    git(where, "reset", "-q", "--hard", "main")
    return git(where, "rev-list", "--reverse", "main").split()


def exits(bad_from: int, broken: range = range(0)) -> Callable[[int], Files]:
    """A program that exits 1 from a commit on, and does not even import in others; each commit differs."""

    def files(i: int) -> Files:
        head = "import a_module_that_is_not_there\n" if i in broken else ""
        return {"prog.py": f"import sys\n{head}print('commit {i}')\nsys.exit({int(i >= bad_from)})\n"}

    return files


def state_of(repo: Path, times: bool = True) -> str:
    """Hash of every name, content, mode and time of change below `repo`, its .git included."""
    said = hashlib.sha256()
    for path in sorted(repo.rglob("*")):
        about = path.lstat()
        when = about.st_mtime_ns if times else 0
        said.update(f"{path.relative_to(repo)}\0{about.st_mode}\0{when}\0".encode())
        if path.is_file() and not path.is_symlink():
            said.update(hashlib.sha256(path.read_bytes()).digest())
    return said.hexdigest()


def processes_with(word: str) -> list[int]:
    """Living processes whose command line holds `word`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]
            except OSError:
                continue
            if word.encode() in line and state not in (b"Z", b"X") and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def numbers(outcome: Outcome, ids: list[str]) -> list[int]:
    """The places in the history of the commits that a search names."""
    return sorted(ids.index(c.commit) for c in outcome.named)
