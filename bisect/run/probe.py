"""What is asked at one commit, and what an answer means: from how a command ended to a typed Verdict.

Judging is apart from running: `judge` needs only what was kept, so every verdict can be made again later,
also with another question. A failure of another kind than the hunted one is OTHER_BAD and moves no search.
"""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from ...tracer.errors import FirstbadError
from ..verdict import Kind, Verdict
from .sandbox import Command, Ended, Limits

SKIP, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
ANY, TIMEOUT = "*", "timeout"
_TAIL = 64 << 10  # bytes of the error output that can hold its last line
_EXCEPTION = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception|Warning|Interrupt|Exit|Failed|Failure))(?::|$)")
_NO_SPACE = re.compile(r"No space left on device|\[Errno 28\]|Disk quota exceeded")
_NO_MEMORY = re.compile(
    r"^(?:\w+\.)*(?:MemoryError|OutOfMemoryError)\b|std::bad_alloc|[Cc]an(?:no|')t allocate memory",
    re.MULTILINE,
)


class Judge(Protocol):
    """Turns an ended command into a verdict; `needs_ends` asks for the values of both ends first."""

    def judge(self, ended: Ended) -> Verdict:
        """GOOD, BAD with its signature, or a kind that decides nothing."""
        ...

    def describe(self) -> str:
        """One line for the journal and the table."""
        ...


@dataclass(frozen=True, slots=True)
class ExitCode:
    """The exit codes of `git bisect run`: 0 good, 125 skip, 1 to 127 bad; 126 and 127 could not run.

    Two differences to git, both against false accusations: a death by signal is a failure of its own kind
    (git gives up the search), and 126/127 never count as bad. From 128 on the search is stopped, as in git.
    """

    def judge(self, ended: Ended) -> Verdict:
        """The verdict of a command that ended by itself."""
        if ended.code == 0:
            return Verdict(Kind.GOOD, "exit 0")
        name = exception_of(ended)
        signature = f"exit {ended.code}" + (f" {name}" if name else "")
        return Verdict(Kind.BAD, f"{signature}: {last_line(ended)}".rstrip(": "), signature)

    def describe(self) -> str:
        """One line for the journal and the table."""
        return "exit code"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to a commit: a command, how its end is judged, and the corner it runs in.

    `command` is a list, or a string for the shell, and runs at the top of a clean worktree (`cwd` is
    relative to it). `hunt` is the signature of the failure we are after: "" learns it from the bad end, "*"
    takes any failure, "timeout" is a run that does not end. `env` is added to the environment, `only` names
    what is inherited at all (None: everything but git's variables). `inputs` are files outside the tree whose
    content matters, `keep` files that the command writes and that are kept with its output. `warm` names
    modules that a fork server imports once for all probes.
    """

    command: Command
    judge: Judge = field(default_factory=ExitCode)
    hunt: str = ""
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    only: tuple[str, ...] | None = None
    inputs: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    cwd: str = "."
    warm: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, object]:
        """A mapping proxy cannot travel to another process; its content can."""
        names = self.__dataclass_fields__
        return {name: dict(self.env) if name == "env" else getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


def judge(probe: Probe, ended: Ended) -> Verdict:
    """What `ended` says, before it is known which failure is hunted: every failure is BAD with its signature.

    Raises FirstbadError (probe-abort) for an exit code from 128 on that is no signal: git's rule to stop.
    """
    verdict = _unjudgeable(probe, ended) or _signalled(ended)
    if verdict is None:
        _stop_on_abort(ended)
        verdict = probe.judge.judge(ended)
    if verdict.kind is Kind.BAD:
        verdict = _starved(probe, ended) or verdict
    return replace(verdict, measure={"seconds": ended.seconds, **verdict.measure})


def hunted(verdict: Verdict, hunt: str) -> Verdict:
    """The same verdict for a search that hunts `hunt`: a failure with another signature is OTHER_BAD."""
    if verdict.kind is Kind.TIMEOUT and hunt == TIMEOUT:
        return replace(verdict, kind=Kind.BAD, signature=TIMEOUT)
    if verdict.kind is not Kind.BAD or hunt in ("", ANY, verdict.signature):
        return verdict
    reason = f"{verdict.reason}; not the failure that is hunted ({hunt})"
    return replace(verdict, kind=Kind.OTHER_BAD, reason=reason)


def _unjudgeable(probe: Probe, ended: Ended) -> Verdict | None:
    if ended.cancelled:
        return Verdict(Kind.NO_DATA, "cancelled: its answer was no longer needed")
    if ended.problem:
        return Verdict(Kind.CANNOT_RUN, ended.problem)
    if ended.timed_out:
        return Verdict(Kind.TIMEOUT, f"no end within {probe.limits.seconds:g} s", TIMEOUT)
    if ended.code == SKIP:
        return Verdict(Kind.CANNOT_RUN, "the command asked to skip this commit (exit 125)")
    if ended.code in (NOT_EXECUTABLE, NOT_FOUND):
        what = "was found but could not be executed" if ended.code == NOT_EXECUTABLE else "was not found"
        said = last_line(ended)
        return Verdict(Kind.CANNOT_RUN, f"a command {what} (exit {ended.code}){': ' + said if said else ''}")
    return None


def _signalled(ended: Ended) -> Verdict | None:
    """A shell reports the signal of its child as 128 + number; both forms mean the same."""
    code = ended.code if ended.code is not None else 0
    number = -code if code < 0 else code - 128
    with contextlib.suppress(ValueError):
        name = signal.Signals(number).name if code < 0 or code > 128 else ""
        if name == "SIGKILL":  # not by us: the kernel ran out of memory, or a person did it
            return Verdict(Kind.CANNOT_RUN, "killed from outside (SIGKILL): the machine ran out of memory?")
        if name:
            return Verdict(Kind.BAD, f"killed by {name}", name)
    return None


def _stop_on_abort(ended: Ended) -> None:
    if ended.code is not None and (ended.code >= 128 or ended.code < 0):
        raise FirstbadError(
            f"the command exited with {ended.code}, which asks to stop the search: {last_line(ended)}",
            remedy="Exit with 1 for bad, 125 to skip; then resume, what was probed before is kept",
            slug="probe-abort",
        )


def starved(ended: Ended) -> str:
    """ "disk" or "memory" where the error output says that there was none left, "" otherwise."""
    said = ended.text("stderr", _TAIL)
    if _NO_SPACE.search(said):
        return "disk"
    return "memory" if _NO_MEMORY.search(said) else ""


def _starved(probe: Probe, ended: Ended) -> Verdict | None:
    """A failure for want of disk, or of the memory that we bounded, says nothing about the commit."""
    lacked = starved(ended)
    if lacked == "disk":
        return Verdict(Kind.CANNOT_RUN, "the disk was full while the command ran")
    if lacked == "memory" and probe.limits.memory:
        return Verdict(Kind.CANNOT_RUN, f"ran out of its {probe.limits.memory >> 20} MiB of memory")
    return None


def last_line(ended: Ended) -> str:
    """The last line of the error output that says something, or of the output; at most 200 characters."""
    for stream in ("stderr", "stdout"):
        lines = [line.strip() for line in ended.text(stream, _TAIL).splitlines() if line.strip()]
        if lines:
            return lines[-1][:200]
    return ""


def exception_of(ended: Ended) -> str:
    """The exception's name where the error output ends with one: AssertionError is not ImportError."""
    for line in reversed(ended.text("stderr", _TAIL).splitlines()):
        if line.strip():
            found = _EXCEPTION.match(line.strip())
            return found.group(1) if found else ""
    return ""
