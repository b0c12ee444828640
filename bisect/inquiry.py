"""firstbad.toml: the two programs, the cases, the gate, and where the good and the bad lie.

    good = "v1.0"                    # a commit that was good; optional, like `bad`
    bad = "HEAD"
    repository = "."                 # whose history is searched; relative to this file
    directory = "."                  # where the failure was seen: its files are suspects
    ambient = ["*"]                  # which of its files (patterns); optional

    [reference]
    command = "firstbad reference {args} -floatfile {image}"
    trace = "firstbad reference {args} -floatfile {image} -trace_pixel {slow} {fast}"

    [candidate]
    warm = ["torch"]                 # imported once for all runs (a Python program); optional
    command = "{python} {tree}/port.py {args} -floatfile {image}"
    trace = "{python} {tree}/port.py {args} -floatfile {image} -trace_pixel {slow} {fast}"

    [[case]]
    name = "cubic"
    args = "-cell 100 100 100 90 90 90 -N 5"

    [gate]
    correlation = 0.999
    sum_ratio = 5e-3

In a command `{args}` stands for the case's arguments, `{image}` for the file to write, `{slow}` and `{fast}`
for the traced pixel, `{tree}` for the checkout the candidate is run from, `{python}` for the Python that runs
firstbad, `{directory}` for the clean directory that the program is run in. A program that prints TRACE lines
anyway needs no `trace`.
"""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..tracer.errors import FirstbadError

_PLACEHOLDERS = ("args", "image", "slow", "fast", "tree", "python", "directory")


@dataclass(frozen=True, slots=True)
class Program:
    """How to run one side; `trace` is the command that prints TRACE lines for one pixel.

    `warm` names modules (torch) that a fork server imports once for all runs of a Python program.
    """

    side: str
    command: str
    trace: str = ""
    warm: tuple[str, ...] = ()

    def argv(self, place: Mapping[str, str], *, args: str, tracing: bool = False) -> list[str]:
        """The command as a list: split like a shell would, each placeholder filled in after the split."""
        template = (self.trace or self.command) if tracing else self.command
        words: list[str] = []
        for word in shlex.split(template):
            if word == "{args}":
                words += shlex.split(args)
            else:
                words.append(_fill(word, {**place, "args": args, "python": sys.executable}))
        return words


@dataclass(frozen=True, slots=True)
class Case:
    """One set of arguments for both programs; `shape` (slow, fast) where the image file does not tell it."""

    name: str
    args: str
    shape: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The images agree where correlation >= `correlation` and |sum ratio - 1| <= `sum_ratio`."""

    correlation: float = 0.999
    sum_ratio: float = 5e-3

    @property
    def flaw(self) -> str:
        """Why no two images could pass, or ""."""
        if not self.correlation <= 1:
            return f"{self.correlation:g} is no least correlation"
        return "" if self.sum_ratio >= 0 else f"{self.sum_ratio:g} is no largest |sum ratio - 1|"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Everything `firstbad investigate` needs to know."""

    reference: Program
    candidate: Program
    cases: tuple[Case, ...]
    gate: GateLimits = field(default_factory=GateLimits)
    good: str = ""
    bad: str = "HEAD"
    repository: Path | None = None
    directory: Path = field(default_factory=Path.cwd)
    ambient: tuple[str, ...] = ("*",)
    needs: tuple[str, ...] = ()
    timeout: float = 300.0
    catalogue: Path | None = None
    source: Path | None = None

    def case(self, name: str) -> Case:
        """The case of that name, the first for "". FirstbadError `no-case`."""
        found = next((c for c in self.cases if c.name == name or not name), None)
        if found is None:
            raise FirstbadError(
                f"{self.source} has no case {name!r}", remedy=f"say --case {self.cases[0].name!r}", slug="no-case"
            )
        return found


def load(path: Path) -> Inquiry:
    """Read `firstbad.toml`. Every mistake is a FirstbadError that names the key."""
    table = _table(path)
    home = path.resolve().parent
    _refuse_unknown(path, table, _TOP, "at the top")
    limits = _section(path, table, "limits", required=False)
    return Inquiry(
        reference=_program(path, table, "reference"),
        candidate=_program(path, table, "candidate"),
        cases=_cases(path, table),
        gate=_gate(path, table),
        good=str(table.get("good", "")),
        bad=str(table.get("bad", "HEAD")),
        repository=home / str(table["repository"]) if "repository" in table else None,
        directory=home / str(table.get("directory", ".")),
        ambient=_words(path, table, "ambient", ["*"]),
        needs=_words(path, table, "needs", []),
        timeout=_number(path, limits, "timeout", 300.0),
        catalogue=home / str(table["catalogue"]) if "catalogue" in table else None,
        source=path.resolve(),
    )


_TOP = (
    *("good", "bad", "repository", "directory", "ambient", "needs", "catalogue"),
    *("reference", "candidate", "case", "gate", "limits"),
)


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FirstbadError(
            f"there is no {path}", remedy="Write one: `firstbad init` makes a start", slug="no-inquiry"
        ) from None
    except OSError as problem:
        raise FirstbadError(
            f"{path} cannot be read: {problem.strerror}", remedy="Check the path", slug="no-inquiry"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise _bad(path, f"is not TOML: {problem}") from None


def _bad(path: Path, what: str) -> FirstbadError:
    return FirstbadError(f"{path} {what}", remedy="See docs/investigate.md for every key", slug="bad-inquiry")


def _refuse_unknown(path: Path, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise _bad(path, f"has the key {unknown[0]!r} {where}, which means nothing; known are {', '.join(known)}")


def _section(path: Path, table: Mapping[str, Any], name: str, *, required: bool) -> dict[str, Any]:
    section = table.get(name)
    if section is None and not required:
        return {}
    if not isinstance(section, dict):
        raise _bad(path, f"has no [{name}] section")
    return cast("dict[str, Any]", section)


def _program(path: Path, table: Mapping[str, Any], side: str) -> Program:
    section = _section(path, table, side, required=True)
    _refuse_unknown(path, section, ("command", "trace", "warm"), f"in [{side}]")
    if not section.get("command"):
        raise _bad(path, f"says no `command` in [{side}]")
    warm = _words(path, section, "warm", [])
    program = Program(side, str(section["command"]), str(section.get("trace", "")), warm)
    for template in (program.command, program.trace):
        for word in _split(path, template):
            _check_placeholders(path, word)
    return program


def _split(path: Path, template: str, what: str = "a command") -> list[str]:
    try:
        return shlex.split(template)
    except ValueError as problem:
        raise _bad(path, f"has {what} that cannot be split into words ({problem}): {template}") from None


def _check_placeholders(path: Path, word: str) -> None:
    rest = word
    for name in _PLACEHOLDERS:
        rest = rest.replace("{" + name + "}", "")
    unknown = re.search(r"\{[a-z_]+\}", rest)
    if unknown:
        known = ", ".join("{" + name + "}" for name in _PLACEHOLDERS)
        raise _bad(path, f"uses {unknown.group()}; known are {known}")


def _fill(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace("{" + name + "}", value)
    return word


def _cases(path: Path, table: Mapping[str, Any]) -> tuple[Case, ...]:
    found = table.get("case")
    if not isinstance(found, list) or not found:
        raise _bad(path, "has no [[case]]: at least one set of arguments is needed")
    cases: list[Case] = []
    for number, given in enumerate(cast("list[Any]", found), 1):
        if not isinstance(given, dict):
            raise _bad(path, f"says {given!r} as case {number}, which is no table: write [[case]] and its keys")
        entry = cast("dict[str, Any]", given)
        _refuse_unknown(path, entry, ("name", "args", "shape"), f"in case {number}")
        cases.append(
            Case(
                name=str(entry.get("name", number)),
                args=_args(path, entry, number),
                shape=_shape(path, entry.get("shape"), number),
            )
        )
    return tuple(cases)


def _args(path: Path, entry: Mapping[str, Any], number: int) -> str:
    text = str(entry.get("args", ""))
    _split(path, text, f"`args` in case {number}")
    return text


def _shape(path: Path, value: Any, number: int) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = cast("list[Any]", value) if isinstance(value, list) else []
    if len(sides) != 2 or not all(isinstance(n, int) and n > 0 for n in sides):
        raise _bad(path, f"says shape = {value!r} in case {number}; it is [slow, fast], two numbers of pixels")
    return sides[0], sides[1]


def _words(path: Path, table: Mapping[str, Any], key: str, default: list[str]) -> tuple[str, ...]:
    value = table.get(key, default)
    if not isinstance(value, list):
        raise _bad(path, f'says {key} = {value!r}; it is a list of words, such as ["a", "b"]')
    return tuple(str(word) for word in cast("list[Any]", value))


def _gate(path: Path, table: Mapping[str, Any]) -> GateLimits:
    section = _section(path, table, "gate", required=False)
    _refuse_unknown(path, section, ("correlation", "sum_ratio"), "in [gate]")
    limits = GateLimits(
        correlation=_number(path, section, "correlation", 0.999),
        sum_ratio=_number(path, section, "sum_ratio", 5e-3),
    )
    if limits.flaw:
        raise _bad(path, f"has a [gate] that nothing can pass: {limits.flaw}")
    return limits


def _number(path: Path, section: Mapping[str, Any], key: str, default: float) -> float:
    value = section.get(key, default)
    if not isinstance(value, int | float):
        raise _bad(path, f"says {key} = {value!r}, which is no number")
    return float(value)
