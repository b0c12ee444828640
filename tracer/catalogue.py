"""What a program's quantities are and how they hang together. `nanobragg.toml` is such a catalogue; others
bring theirs.

A catalogue is data: for each quantity its aliases, unit, shape, scope, kind, parents, formula and noise
rule with its reason. docs/catalogue.md describes the file. Without one, order stands in for the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .errors import FirstbadError
from .formula import Formula, compile_formula

if TYPE_CHECKING:
    from .noise import NoiseTable

KINDS = ("derived", "input", "constant", "config", "branch")
_QUANTITY_KEYS = {
    "aliases", "unit", "shape", "scope", "kind", "parents", "beside", "formula", "of", "noise", "final", "open", "note",
}  # fmt: skip
_PARAMETER_KEYS = {"kind", "aliases", "least", "most", "digits", "solve", "note"}
DEFAULT = Path(__file__).with_name("nanobragg.toml")


@dataclass(frozen=True, slots=True)
class Noise:
    """How far two correct programs may differ: `ulp` roundings of `scale` (None: the length of the value itself)."""

    ulp: float = 8.0
    scale: Formula | None = None
    why: str = "a few roundings of the value (of a vector: its length)"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One formula and the condition under which it applies (None: always)."""

    formula: Formula
    when: Formula | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named intermediate.

    `of` is what the formulas give where that is not the quantity itself (an invariant of it). `open`: a value that none
    of the formulas gives may still be right (another mode of the program, which the trace does not show). `beside` are
    quantities that a formula reads although this one is not computed from them: a relation, no edge of the graph.
    """

    name: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    shape: tuple[int, ...] = ()
    scope: str = "run"
    kind: str = "derived"
    parents: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    formulas: tuple[Alternative, ...] = ()
    of: Formula | None = None
    noise: Noise = Noise()
    final: bool = False
    open: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that formulas need and traces may not hold: taken from a record of that name (or alias), else inferred.

    `integer`: the least one from `least` to `most` with which every formula holds. `decimal`: what `solve` gives,
    if it is a number of at most `digits` significant digits (people type short numbers).
    """

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    least: int = 1
    most: int = 1000
    digits: int = 4
    solve: Formula | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """A line by which a program tells its set-up: each named group is a value, printed with up to `digits` digits."""

    pattern: re.Pattern[str]
    digits: int = 6
    scale: float = 1.0


@dataclass(frozen=True)
class Catalogue:
    """Quantities by name, their graph, and parameters. Empty: nothing is known."""

    quantities: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    name: str = ""
    console: tuple[Console, ...] = ()
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    """Roundings beyond what is inherited, by dtype and quantity, as reruns showed them (noise.py)."""

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self.quantities.values())

    def __bool__(self) -> bool:
        return bool(self.quantities)

    def get(self, name: str) -> Quantity | None:
        """The quantity of that canonical name."""
        return self.quantities.get(name)

    @cached_property
    def _canonical(self) -> dict[str, str]:
        names = {name: name for name in self.quantities}
        for quantity in self.quantities.values():
            names.update(dict.fromkeys(quantity.aliases, quantity.name))
        for parameter in self.parameters.values():
            names.update(dict.fromkeys((parameter.name, *parameter.aliases), parameter.name))
        return names

    def canonical(self, name: str) -> str:
        """The name that the catalogue uses for `name` (an alias, or `section/alias`); `name` itself if none."""
        return self._canonical.get(name, name)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """For each quantity those that are computed from it."""
        found: dict[str, list[str]] = {name: [] for name in self.quantities}
        for quantity in self.quantities.values():
            for parent in quantity.parents:
                found[parent].append(quantity.name)
        return {name: tuple(names) for name, names in found.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every name, parents before children, otherwise as in the file."""
        done: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in done:
                for parent in self.quantities[name].parents:
                    visit(parent)
                done[name] = None

        for name in self.quantities:
            visit(name)
        return tuple(done)

    def ancestors(self, name: str) -> frozenset[str]:
        """Everything that `name` is computed from, near and far."""
        found: set[str] = set()
        front = list(self.quantities[name].parents) if name in self.quantities else []
        while front:
            one = front.pop()
            if one not in found:
                found.add(one)
                front.extend(self.quantities[one].parents)
        return frozenset(found)


def load(path: Path | str | None = None, noise: Path | str | None = None) -> Catalogue:
    """The catalogue in a TOML file (nanoBragg's own without a path); FirstbadError says which entry is wrong.

    `noise` is a table that `firstbad calibrate` wrote; without it, the one beside the catalogue: FILE.noise.toml.
    """
    from .noise import read_noise

    where = Path(path) if path is not None else DEFAULT
    table = Path(noise) if noise is not None else where.with_suffix(".noise.toml")
    told = read_noise(table) if noise is not None or table.is_file() else None
    try:
        return _parsed(where.read_text(encoding="utf-8"), str(where), told)
    except FileNotFoundError:
        raise FirstbadError(
            f"the catalogue {where} does not exist", remedy="Check the name.", slug="catalogue-missing"
        ) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise FirstbadError(
            f"the catalogue {where} cannot be read: {error}",
            remedy="docs/catalogue.md shows its form.",
            slug="catalogue-syntax",
        ) from None


@lru_cache(maxsize=8)
def _parsed(text: str, name: str, noise: NoiseTable | None) -> Catalogue:
    """Kept by the text, not by the name: a relative name means another file in another directory."""
    import tomllib

    known = from_document(tomllib.loads(text), name)
    return known if noise is None else replace(known, measured=noise.roundings())


def from_document(document: Mapping[str, Any], name: str = "") -> Catalogue:
    """A catalogue out of parsed TOML; every name, key, formula and parent is checked."""
    checker = _Checker(name or "the catalogue")
    checker.keys("", document, {"quantity", "parameter", "console", "title", "origin"})
    parameters = {
        key: checker.parameter(key, checker.table(f"parameter.{key}", entry))
        for key, entry in checker.table("parameter", document.get("parameter", {})).items()
    }
    quantities = {
        key: checker.quantity(key, checker.table(f"quantity.{key}", entry))
        for key, entry in checker.table("quantity", document.get("quantity", {})).items()
    }
    console = tuple(checker.console(entry) for entry in cast(list[object], document.get("console", [])))
    said = {group for line in console for group in line.pattern.groupindex}
    checker.graph(quantities, parameters, said)
    return Catalogue(quantities, parameters, str(document.get("title", "")) or Path(name).name, console)


class _Checker:
    """Reads entries and refuses, with the entry's name, what it does not understand."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, entry: str, what: str) -> FirstbadError:
        return FirstbadError(
            f"{self.where}: {entry or 'top level'} {what}",
            remedy="docs/catalogue.md describes each key.",
            slug="catalogue-entry",
        )

    def table(self, entry: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(entry, "is no table")
        return cast(dict[str, Any], value)

    def keys(self, entry: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        extra = sorted(set(table) - set(known))
        if extra:
            raise self.fail(entry, f"has the unknown key {extra[0]!r}; known are {', '.join(sorted(known))}")

    def words(self, entry: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value: Any = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in cast(list[Any], value)):
            raise self.fail(entry, f"has {key!r} that is no list of names")
        return tuple(cast(list[str], value))

    def formula(self, entry: str, text: object) -> Formula:
        try:
            return compile_formula(str(text))
        except ValueError as error:
            raise self.fail(entry, f"has a formula that cannot be used: {error}") from None

    def parameter(self, name: str, table: Mapping[str, Any]) -> Parameter:
        entry = f"parameter.{name}"
        self.keys(entry, table, _PARAMETER_KEYS)
        kind = table.get("kind")
        if kind not in ("integer", "decimal") or (kind == "decimal") != ("solve" in table):
            raise self.fail(entry, "needs kind = 'integer', or kind = 'decimal' and 'solve'")
        return Parameter(
            name,
            str(kind),
            self.words(entry, table, "aliases"),
            int(table.get("least", 1)),
            int(table.get("most", 1000)),
            int(table.get("digits", 4)),
            self.formula(entry, table["solve"]) if "solve" in table else None,
        )

    def console(self, value: object) -> Console:
        table = self.table("console", value)
        self.keys("console", table, {"line", "digits", "scale", "note"})
        try:
            pattern = re.compile(str(table.get("line", "")))
        except re.error as error:
            raise self.fail("console", f"has a line that is no pattern: {error}") from None
        if not pattern.groupindex:
            raise self.fail("console", "has a line without a named group")
        return Console(pattern, int(table.get("digits", 6)), float(table.get("scale", 1.0)))

    def quantity(self, name: str, table: Mapping[str, Any]) -> Quantity:
        entry = f"quantity.{name}"
        self.keys(entry, table, _QUANTITY_KEYS)
        kind = str(table.get("kind", "derived"))
        if kind not in KINDS:
            raise self.fail(entry, f"has the kind {kind!r}; known are {', '.join(KINDS)}")
        return Quantity(
            name,
            self.words(entry, table, "aliases"),
            str(table.get("unit", "")),
            tuple(int(n) for n in table.get("shape", [])),
            str(table.get("scope", "run")),
            kind,
            self.words(entry, table, "parents"),
            self.words(entry, table, "beside"),
            tuple(self.alternatives(entry, table.get("formula", []))),
            self.formula(entry, table["of"]) if "of" in table else None,
            self.noise(entry, table.get("noise")),
            bool(table.get("final", False)),
            bool(table.get("open", False)),
            str(table.get("note", "")),
        )

    def alternatives(self, entry: str, value: object) -> Iterator[Alternative]:
        for one in cast(list[object], value) if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield Alternative(self.formula(entry, one))
                continue
            table = self.table(entry, one)
            self.keys(entry, table, {"is", "when", "why"})
            when = self.formula(entry, table["when"]) if "when" in table else None
            yield Alternative(self.formula(entry, table.get("is", "")), when, str(table.get("why", "")))

    def noise(self, entry: str, value: object) -> Noise:
        if value is None:
            return Noise()
        table = self.table(entry, value)
        self.keys(entry, table, {"ulp", "scale", "why"})
        if not table.get("why"):
            raise self.fail(entry, "has a noise rule without its reason, 'why'")
        scale = self.formula(entry, table["scale"]) if "scale" in table else None
        return Noise(float(table.get("ulp", 8.0)), scale, str(table["why"]))

    def graph(
        self, quantities: Mapping[str, Quantity], parameters: Mapping[str, Parameter], said: Iterable[str] = ()
    ) -> None:
        """Parents exist, there is no cycle, formulas read parents and parameters only, no alias serves two."""
        owner: dict[str, str] = {}
        for name, quantity in quantities.items():
            entry = f"quantity.{name}"
            for alias in (name, *quantity.aliases):
                if owner.setdefault(alias, name) != name:
                    raise self.fail(entry, f"shares the name {alias!r} with {owner[alias]}")
            for parent in (*quantity.parents, *quantity.beside):
                if parent not in quantities:
                    raise self.fail(entry, f"has the parent {parent!r}, which is no quantity")
            known = {name, *quantity.parents, *quantity.beside, *parameters, *said}
            for alternative in quantity.formulas:
                unknown = sorted(alternative.formula.names - known)
                if unknown:
                    raise self.fail(entry, f"has a formula over {unknown[0]!r}, which is neither parent nor parameter")
        self.acyclic(quantities)

    def acyclic(self, quantities: Mapping[str, Quantity]) -> None:
        state: dict[str, int] = {}

        def visit(name: str) -> None:
            if state.get(name) == 1:
                raise self.fail(f"quantity.{name}", "is computed from itself")
            if name not in state:
                state[name] = 1
                for parent in quantities[name].parents:
                    visit(parent)
                state[name] = 2

        for name in quantities:
            visit(name)
