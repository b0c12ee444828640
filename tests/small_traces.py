"""Catalogues and traces of a few lines, for the tests of what decides."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from textwrap import dedent

from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.diff import Case, Diff, Finding, Judged, compare
from firstbad.tracer.model import Manifest, Trace
from firstbad.tracer.origins import Roles
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits

SEVENTEEN = "TRACE: shown 1.2345678901234567\n"
"""A line in front that both sides print: every number behind it is taken to be printed with seventeen digits."""


def catalogue(text: str) -> Catalogue:
    """A catalogue in TOML in which `[x]` stands for `[quantity.x]`."""
    return from_document(tomllib.loads(re.sub(r"(?m)^\[(\w+)\]$", r"[quantity.\1]", dedent(text))))


def trace(text: str, head: str = SEVENTEEN) -> Trace:
    """A trace of the records `name value …`, each in a line of its own or behind a semicolon."""
    records = (record.strip() for line in text.splitlines() for record in line.split(";"))
    return parse(head + "".join(f"TRACE: {record}\n" for record in records if record))


def sealed(text: str, **facts: str) -> Trace:
    """The same trace, sealed: with a manifest that says something about the run."""
    return replace(trace(text), manifest=Manifest(facts))


def diff(known: Catalogue, a: str | Trace, b: str | Trace, limits: Limits | None = None) -> Diff:
    """The comparison of two such traces."""
    one, two = (trace(side) if isinstance(side, str) else side for side in (a, b))
    return compare(one, two, known, limits)


def roles(known: Catalogue, a: str, b: str, limits: Limits | None = None) -> Roles:
    """What decides the roles in that comparison."""
    found = diff(known, a, b, limits)
    return Roles(Case(found.reference, found.candidate, known), found.judged, found.limits)


def told(found: Diff) -> dict[str, str]:
    """The role of each quantity that differs."""
    groups = (found.origins, found.inherited, found.healed, found.flipped)
    return {finding.quantity: str(finding.role) for group in groups for finding in group}


def one(found: Iterable[Finding], name: str) -> Finding:
    """The finding of that quantity."""
    (finding,) = (finding for finding in found if finding.quantity == name)
    return finding


def pair(found: Roles | Diff, name: str, index: int = 0) -> Judged:
    """One judged pair of that quantity."""
    return [judged for judged in found.judged if judged.quantity == name][index]
