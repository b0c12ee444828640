"""Judges beyond the exit code: a number out of the output, a file or two images; and probes as plain data."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from ...tracer.errors import FirstbadError
from ..verdict import Kind, Verdict
from .probe import ExitCode, Judge, Probe, last_line
from .sandbox import Ended, Limits
from .traces import TraceIs

NEARER = "nearer"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RULE = re.compile(rf"\s*(>=|<=|>|<)\s*({_NUMBER})\s*$")
_SPAN = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*$")
_WORD = re.compile(rf"{_NUMBER}|[-+]?(?:nan|inf(?:inity)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number, and which of its values are good.

    `source` is one of
      stdout:REGEX             the last match in the output; its first group, or all of it, holds the number
      json:PATH                keys and indices joined by dots, in the JSON object that the output is or ends with
      json:FILE#PATH           the same in a kept file
      images:REFERENCE,FILE    Pearson correlation of a kept float image with a reference; `,sum_ratio` after
                               them asks for that instead
    `rule` says what is good: ">= 0.999", "< 3", "0.995..1.005", or "nearer": nearer to the value of the good end
    than to that of the bad end. The exit code does not matter as long as there is a number (125 still skips).
    """

    source: str
    rule: str = NEARER
    good: float | None = None
    bad: float | None = None

    def __post_init__(self) -> None:
        kind, _, rest = self.source.partition(":")
        if kind not in ("stdout", "json", "images") or not rest:
            raise _misstated(f"'{self.source}' names no number", "stdout:REGEX, json:PATH or images:REFERENCE,FILE")
        if kind == "images" and len(rest.split(",")) not in (2, 3):
            raise _misstated(f"'{self.source}' names no two images", "images:REFERENCE,FILE")
        if kind == "stdout":
            _compiled(rest)
        if self.rule != NEARER and not _RULE.match(self.rule) and not _SPAN.match(self.rule):
            raise _misstated(f"'{self.rule}' is no rule for a number", "'>= 0.999', '0.995..1.005' or 'nearer'")

    def describe(self) -> str:
        """One line for the journal and the table."""
        return f"{self.source} {self.rule}"

    def judge(self, ended: Ended) -> Verdict:
        """The verdict by the number; NO_DATA where there is none."""
        value, why = self.value(ended)
        if value is None:
            said = last_line(ended)
            return Verdict(Kind.NO_DATA, f"{why} (exit {ended.code}){': ' + said if said else ''}")
        measure = {"value": value}
        if math.isnan(value):
            return Verdict(Kind.BAD, "the number is nan", "nan", measure)
        if self.rule == NEARER and (self.good is None or self.bad is None):
            return Verdict(Kind.NO_DATA, f"{value:g}; the values of both ends are needed", "", measure)
        if self._is_good(value):
            return Verdict(Kind.GOOD, f"{value:g} is good ({self.rule})", "", measure)
        return Verdict(Kind.BAD, f"{value:g} is not good ({self.rule})", f"not {self.rule}", measure)

    def _is_good(self, value: float) -> bool:
        if self.good is not None and self.bad is not None:
            return abs(value - self.good) <= abs(value - self.bad)
        span = _SPAN.match(self.rule)
        if span:
            return float(span.group(1)) <= value <= float(span.group(2))
        rule = cast("re.Match[str]", _RULE.match(self.rule))
        limit = float(rule.group(2))
        return {">=": value >= limit, "<=": value <= limit, ">": value > limit, "<": value < limit}[rule.group(1)]

    def settled(self, good: Sequence[Verdict], bad: Sequence[Verdict]) -> Metric:
        """The same judge once both ends are measured; equal ends then simply agree (all is good)."""
        values = [[v.measure["value"] for v in side if "value" in v.measure] for side in (good, bad)]
        if self.rule != NEARER or not all(values):
            return self
        return replace(self, good=sum(values[0]) / len(values[0]), bad=sum(values[1]) / len(values[1]))

    def value(self, ended: Ended) -> tuple[float | None, str]:
        """The number, or None and why there is none."""
        kind, _, rest = self.source.partition(":")
        if kind == "stdout":
            return _from_text(ended.text(), rest)
        kept = Path(ended.stdout).parent / "kept"
        if kind == "json":
            name, marked, path = rest.rpartition("#")
            text = _read(kept / name) if marked else ended.text()
            return _from_json(text, path)
        return _from_images(kept, rest.split(","))


def _misstated(what: str, forms: str) -> FirstbadError:
    return FirstbadError(what, remedy=f"Write {forms}", slug="metric-syntax")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.MULTILINE)
    except re.error as exc:
        raise _misstated(f"'{pattern}' is no regular expression ({exc})", "one that Python's re understands") from None


def _from_text(text: str, pattern: str) -> tuple[float | None, str]:
    found = [m for m in _compiled(pattern).finditer(text) if m.group(0)]
    if not found:
        return None, f"the output has no match of '{pattern}'"
    match = found[-1]
    number = _WORD.search((match.group(1) if match.re.groups else match.group(0)) or "")
    return (float(number.group(0)), "") if number else (None, f"what '{pattern}' matched has no number")


def _from_json(text: str | None, path: str) -> tuple[float | None, str]:
    data = _object(text or "")
    if data is None:
        return None, "the output is no JSON"
    try:
        for key in path.split("."):
            data = data[int(key) if isinstance(data, list) else key]
        return float(data), ""  # bools and numeric words count
    except (KeyError, IndexError, TypeError, ValueError):
        return None, f"the JSON has no number at '{path}'"


def _object(text: str) -> Any:
    """All of the text, or its last line that is JSON: programs print other things first."""
    for part in (text, *reversed(text.splitlines())):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def _from_images(kept: Path, names: Sequence[str]) -> tuple[float | None, str]:
    from ...tracer.image import compare_images, read_image

    wanted = names[2] if len(names) > 2 else "correlation"
    try:
        verdict = compare_images(read_image(Path(names[0])), read_image(kept / names[1]))
    except FirstbadError as exc:
        return None, exc.message
    return float(verdict.sum_ratio if wanted == "sum_ratio" else verdict.correlation), ""


JUDGES: dict[str, type[Any]] = {"ExitCode": ExitCode, "Metric": Metric, "TraceIs": TraceIs}


def probe_as_dict(probe: Probe) -> dict[str, Any]:
    """A probe as plain data, for the journal."""
    judge: Any = probe.judge
    known = type(judge).__name__ in JUDGES
    said = asdict(judge) if known else {"describe": judge.describe()}
    return {
        "command": probe.command if isinstance(probe.command, str) else list(probe.command),
        "judge": {"type": type(judge).__name__, **said},
        "hunt": probe.hunt,
        "limits": asdict(probe.limits),
        "env": dict(probe.env),
        "only": None if probe.only is None else list(probe.only),
        "inputs": list(probe.inputs),
        "keep": list(probe.keep),
        "cwd": probe.cwd,
        "warm": list(probe.warm),
    }


def probe_from_dict(data: Mapping[str, Any]) -> Probe:
    """The probe that `probe_as_dict` wrote; FirstbadError where its judge was the caller's own code."""
    told = dict(data["judge"])
    name = told.pop("type")
    if name not in JUDGES:
        raise FirstbadError(
            f"the search was judged by {name}, which is no judge of ours",
            remedy="Resume it from the program that started it",
            slug="judge-unknown",
        )
    judge: Judge = JUDGES[name](**told)
    lists = {k: tuple(data[k]) for k in ("inputs", "keep", "warm")}
    only = None if data["only"] is None else tuple(data["only"])
    rest = {k: data[k] for k in ("command", "hunt", "env", "cwd")}
    return Probe(judge=judge, limits=Limits(**data["limits"]), only=only, **lists, **rest)
