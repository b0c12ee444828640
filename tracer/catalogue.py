"""What a program's quantities are and how they hang together. `nanobragg.toml` is such a catalogue; others
bring theirs.

A catalogue is data: for each quantity its aliases, unit, shape, scope, kind, parents, formula and noise
rule with its reason. docs/catalogue.md describes the file. Without one, order stands in for the graph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .errors import FirstbadError
from .formula import Formula

if TYPE_CHECKING:
    from .noise import NoiseTable, Row

DEFAULT = Path(__file__).with_name("nanobragg.toml")
LEAST, ENOUGH = 3, 10
"""So many names that a catalogue knows make traces those of its program: at least, and whatever else they hold."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How far two correct programs may differ: `ulp` roundings of `scale` (None: the length of the value itself).

    `single` is the part of it that any program computes in float32, so that it rounds there as float32 does.
    """

    ulp: float = 8.0
    scale: Formula | None = None
    single: Formula | None = None
    why: str = "a few roundings of the value (of a vector: its length)"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One formula and the condition under which it applies (None: always).

    `sure`: where it applies it must hold, although the quantity is open. `of`: what it gives, if
    not the quantity itself.
    """

    formula: Formula
    when: Formula | None = None
    why: str = ""
    sure: bool = False
    of: Formula | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named intermediate.

    `of` is what all formulas give where that is not the quantity itself (an invariant of it). `open`: a value that none
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

    @property
    def values(self) -> tuple[Alternative, ...]:
        """The formulas that give the quantity itself."""
        return tuple(f for f in self.formulas if f.of is None) if self.of is None else ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that formulas need and traces may not hold: taken from a record of that name (or alias), else what the
    arguments ask for (`asked`), else inferred.

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
    asked: Formula | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """A line by which a program tells its set-up: each named group is a value, printed with up to `digits` digits."""

    pattern: re.Pattern[str]
    digits: int = 6
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Option:
    """An argument that the program was started with: `says` names the up to `values` numbers behind it (0: a switch).

    An argument that begins with "-" is this option where `flag` is found in it. Several of it are several values, the
    program heeds the last. A switch with `least` words is ignored unless so many words of any kind follow it.
    """

    flag: re.Pattern[str]
    says: str
    values: int = 1
    least: int = 1
    fill: float | None = None
    """What stands for values beyond the `least` that were not given."""
    output: bool = False
    """It names what the program writes: of two runs it may differ, and no formula reads it."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that an argument names (tables.py).

    `says` is a vector of its first `numbers` numbers, or, with `keys`, a table looked up by so many whole numbers.
    """

    option: re.Pattern[str]
    says: str
    numbers: int = 0
    keys: int = 0


@dataclass(frozen=True)
class Catalogue:
    """Quantities by name, their graph, and parameters. Empty: nothing is known."""

    quantities: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    name: str = ""
    console: tuple[Console, ...] = ()
    options: tuple[Option, ...] = ()
    asked: Mapping[str, Alternative] = field(default_factory=dict[str, Alternative])
    """What the command line asks for, computed from the options alone: for formulas to read, in no trace."""
    files: tuple[File, ...] = ()
    measured: Mapping[str, Mapping[str, Row]] = field(default_factory=dict[str, Mapping[str, "Row"]])
    """What reruns showed, by dtype and quantity (noise.py)."""
    learnt: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of two traces that the file does not know, with what they stand for (rename.py)."""
    unless: Mapping[str, str] = field(default_factory=dict[str, str])
    """Facts of a run, with the values for which the formulas are not made."""

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
        return {**names, **self.learnt}

    def canonical(self, name: str) -> str:
        """The name that the catalogue uses for `name` (an alias, or `section/alias`); `name` itself if none."""
        return self._canonical.get(name, name)

    def knows(self, name: str) -> bool:
        """Whether `name`, or what it stands for, is a quantity or parameter of the catalogue."""
        own = self.canonical(name)
        return own in self.quantities or own in self.parameters

    def suits(self, names: Collection[str]) -> bool:
        """Whether traces with these names may be of the program that the catalogue describes.

        It knows half of them, or a fifth, but then at least three; ten are always enough. Measured on recorded ports of
        nanoBragg and their references: pairs have at least 3 known names and at least a quarter.
        """
        known = sum(map(self.knows, names))
        return 2 * known >= len(names) or known >= min(ENOUGH, max(LEAST, len(names) / 5))

    def with_names(self, names: Mapping[str, str]) -> Catalogue:
        """The catalogue that knows these names, too, each with the one it stands for."""
        return replace(self, learnt={**self.learnt, **names})

    @cached_property
    def typed(self) -> frozenset[str]:
        """Names that formulas read and no trace holds: options, and what follows from them."""
        return frozenset((*(one.says for one in (*self.options, *self.files)), *self.asked, "arguments"))

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

    def parents_among(self, name: str, there: Container[str]) -> tuple[str, ...]:
        """The nearest of those in `there` that `name` is computed from: what is absent is looked through."""
        return _nearest(name, there, lambda one: self.quantities[one].parents if one in self.quantities else ())

    def children_among(self, name: str, there: Container[str]) -> tuple[str, ...]:
        """The nearest of those in `there` that are computed from `name`."""
        return _nearest(name, there, lambda one: self.children.get(one, ()))


def _nearest(name: str, there: Container[str], onward: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    front, seen = list(onward(name)), {name}
    while front:
        one = front.pop(0)
        if one in seen:
            continue
        seen.add(one)
        if one in there:
            found[one] = None
        else:
            front.extend(onward(one))
    return tuple(found)


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
            remedy="See docs/catalogue.md: it shows its form.",
            slug="catalogue-syntax",
        ) from None


@lru_cache(maxsize=8)
def _parsed(text: str, name: str, noise: NoiseTable | None) -> Catalogue:
    """Kept by the text, not by the name: a relative name means another file in another directory."""
    import tomllib

    known = from_document(tomllib.loads(text), name)
    return known if noise is None else replace(known, measured=noise.rows)


def from_document(document: Mapping[str, Any], name: str = "") -> Catalogue:
    """A catalogue out of parsed TOML; every name, key, formula and parent is checked."""
    from .catalogue_check import Checker

    checker = Checker(name or "the catalogue")
    tables = {"quantity", "parameter", "console", "option", "asked", "file", "unless", "title", "origin"}
    checker.keys("", document, tables)
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
    options = tuple(checker.option(entry) for entry in cast(list[object], document.get("option", [])))
    files = tuple(checker.file(entry) for entry in cast(list[object], document.get("file", [])))
    said |= {one.says for one in (*options, *files)} | {"arguments"}
    asked = checker.asked(checker.table("asked", document.get("asked", {})), said)
    checker.graph(quantities, parameters, said | asked.keys())
    title = str(document.get("title", "")) or Path(name).name
    unless = {key: str(value) for key, value in checker.table("unless", document.get("unless", {})).items()}
    return Catalogue(quantities, parameters, title, console, options, asked, files, unless=unless)
