"""Reads the entries of a catalogue and refuses, with the entry's name, what it does not understand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .catalogue import Alternative, Console, File, Noise, Option, Parameter, Quantity
from .errors import FirstbadError
from .formula import CONSTANTS, Formula, compile_formula
from .formula_names import NoNameError

KINDS = ("derived", "input", "constant", "config", "branch")
SCOPES = ("run", "pixel", "layer", "subpixel", "source", "phi", "mosaic")
_QUANTITY_KEYS = {
    "aliases", "unit", "shape", "scope", "kind", "parents", "beside", "formula", "of", "noise", "final", "open", "note",
}  # fmt: skip
_RENAME = "Give it another name, and the printed one as an alias: [quantity.wavelength], aliases = ['lambda']."
_PARAMETER_KEYS = {"kind", "aliases", "least", "most", "digits", "solve", "asked", "note"}


class Checker:
    """Reads entries and refuses, with the entry's name, what it does not understand."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(
        self, entry: str, what: str, remedy: str = "See docs/catalogue.md: it describes each key."
    ) -> FirstbadError:
        """The error that names the entry and says what is wrong with it."""
        return FirstbadError(
            f"{self.where}: {entry or 'top level'} {what}",
            remedy=remedy,
            slug="catalogue-entry",
        )

    def table(self, entry: str, value: object) -> Mapping[str, Any]:
        """The value as a table."""
        if not isinstance(value, dict):
            raise self.fail(entry, "is no table")
        return cast(dict[str, Any], value)

    def keys(self, entry: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        """No key but the known ones."""
        extra = sorted(set(table) - set(known))
        if extra:
            raise self.fail(entry, f"has the unknown key {extra[0]!r}; known are {', '.join(sorted(known))}")

    def words(self, entry: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """A list of names."""
        value: Any = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in cast(list[Any], value)):
            raise self.fail(entry, f"has {key!r} that is no list of names")
        return tuple(cast(list[str], value))

    def shape(self, entry: str, value: object) -> tuple[int, ...]:
        """The lengths of a vector or matrix: [3], [3, 3]."""
        lengths = cast(list[object], value) if isinstance(value, list) else [None]
        if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in lengths):
            raise self.fail(entry, "has a shape that is no list of lengths, such as [3] or [3, 3]")
        return tuple(cast(list[int], lengths))

    def formula(self, entry: str, text: object) -> Formula:
        """An expression that may be used."""
        try:
            return compile_formula(str(text))
        except NoNameError as error:
            raise self.fail(entry, f"has a formula that cannot be used: {error}", _RENAME) from None
        except ValueError as error:
            raise self.fail(entry, f"has a formula that cannot be used: {error}") from None

    def parameter(self, name: str, table: Mapping[str, Any]) -> Parameter:
        """One [parameter.NAME]."""
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
            self.formula(entry, table["asked"]) if "asked" in table else None,
        )

    def console(self, value: object) -> Console:
        """One [[console]]."""
        table = self.table("console", value)
        self.keys("console", table, {"line", "digits", "scale", "note"})
        try:
            pattern = re.compile(str(table.get("line", "")))
        except re.error as error:
            raise self.fail("console", f"has a line that is no pattern: {error}") from None
        if not pattern.groupindex:
            raise self.fail("console", "has a line without a named group")
        return Console(pattern, int(table.get("digits", 6)), float(table.get("scale", 1.0)))

    def option(self, value: object) -> Option:
        """One [[option]]."""
        table = self.table("option", value)
        self.keys("option", table, {"flag", "says", "values", "least", "fill", "output", "note"})
        output = table.get("output", False) is True
        try:
            flag = re.compile(str(table["flag"]))
            says, values = "" if output else str(table["says"]), int(table.get("values", 1))
        except (re.error, KeyError, TypeError, ValueError) as error:
            raise self.fail("option", f"needs a pattern 'flag', a name 'says' and a number 'values': {error}") from None
        fill = float(table["fill"]) if "fill" in table else None
        return Option(flag, says, values, int(table.get("least", values)), fill, output)

    def file(self, value: object) -> File:
        """One [[file]]."""
        table = self.table("file", value)
        self.keys("file", table, {"option", "says", "numbers", "keys", "note"})
        try:
            option, says = re.compile(str(table["option"])), str(table["says"])
            numbers, keys = int(table.get("numbers", 0)), int(table.get("keys", 0))
        except (re.error, KeyError, TypeError, ValueError) as error:
            raise self.fail("file", f"needs a pattern 'option' and a name 'says': {error}") from None
        if (numbers > 0) == (keys > 0):
            raise self.fail(
                "file", "needs one of 'numbers' (so many are read) and 'keys' (so many indices lead to a value)"
            )
        return File(option, says, numbers, keys)

    def asked(self, tables: Mapping[str, Any], said: Iterable[str]) -> dict[str, Alternative]:
        """Values out of options and of what stands above them in the file."""
        found: dict[str, Alternative] = {}
        for name, value in tables.items():
            entry, table = f"asked.{name}", self.table(f"asked.{name}", value)
            self.keys(entry, table, {"formula", "when", "note"})
            when = self.formula(entry, table["when"]) if "when" in table else None
            one = Alternative(self.formula(entry, table.get("formula", "")), when, str(table.get("note", "")))
            names = one.formula.names | (when.names if when is not None else one.formula.names)
            unknown = sorted(other for other in names if other == name or other not in {*said, *found})
            if unknown:
                raise self.fail(entry, f"reads {unknown[0]!r}, which is no option and not asked above it")
            found[name] = one
        return found

    def quantity(self, name: str, table: Mapping[str, Any]) -> Quantity:
        """One [quantity.NAME]."""
        entry = f"quantity.{name}"
        self.keys(entry, table, _QUANTITY_KEYS)
        kind = str(table.get("kind", "derived"))
        if kind not in KINDS:
            raise self.fail(entry, f"has the kind {kind!r}; known are {', '.join(KINDS)}")
        scope = str(table.get("scope", "run"))
        if scope not in SCOPES:
            what = f"has the scope {scope!r}; known are {', '.join(SCOPES)}"
            raise self.fail(entry, what, "A loop of another name needs no scope: leave it out.")
        return Quantity(
            name,
            self.words(entry, table, "aliases"),
            str(table.get("unit", "")),
            self.shape(entry, table.get("shape", [])),
            scope,
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
        """The formulas of an entry: one text, or a list of texts and tables."""
        for one in cast(list[object], value) if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield Alternative(self.formula(entry, one))
                continue
            table = self.table(entry, one)
            self.keys(entry, table, {"is", "when", "why", "sure", "of"})
            when, of = (self.formula(entry, table[key]) if key in table else None for key in ("when", "of"))
            why, sure = str(table.get("why", "")), bool(table.get("sure", False))
            yield Alternative(self.formula(entry, table.get("is", "")), when, why, sure, of)

    def noise(self, entry: str, value: object) -> Noise:
        """A noise rule, which has its reason."""
        if value is None:
            return Noise()
        table = self.table(entry, value)
        self.keys(entry, table, {"ulp", "scale", "single", "why"})
        if not table.get("why"):
            raise self.fail(entry, "has a noise rule without its reason, 'why'")
        scale, single = (self.formula(entry, table[key]) if key in table else None for key in ("scale", "single"))
        return Noise(float(table.get("ulp", 8.0)), scale, single, str(table["why"]))

    def graph(
        self, quantities: Mapping[str, Quantity], parameters: Mapping[str, Parameter], said: Iterable[str] = ()
    ) -> None:
        """Parents exist, there is no cycle, formulas read parents and parameters only, no alias serves two."""
        self.names(quantities, parameters, said)
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
                of, when = alternative.of or quantity.of, alternative.when
                unknown = sorted(alternative.formula.names - known)
                unknown += sorted(of.names - known) if of is not None else []
                unknown += sorted(when.names - known - quantities.keys()) if when is not None else []
                if unknown:
                    raise self.fail(entry, f"has a formula over {unknown[0]!r}, which is neither parent nor parameter")
        self.acyclic(quantities)

    def names(self, quantities: Iterable[str], parameters: Iterable[str], said: Iterable[str]) -> None:
        """None is that of a constant: a formula would read the constant. A function is told by its bracket."""
        for kind, names in (("quantity", quantities), ("parameter", parameters), ("value", said)):
            if taken := sorted(CONSTANTS.keys() & set(names)):
                raise self.fail(
                    f"{kind}.{taken[0]}", "has the name of a constant, which formulas read instead", _RENAME
                )

    def acyclic(self, quantities: Mapping[str, Quantity]) -> None:
        """No quantity is computed from itself; the error names the way round, and how the step before is said."""
        done = set[str]()

        def visit(name: str, way: tuple[str, ...]) -> None:
            if name in way:
                raise self.fail(
                    f"quantity.{name}",
                    f"is computed from itself: {' from '.join((*way[way.index(name) :], name))}",
                    f"Where {way[-1]} comes from the {name} of the step before, name it in 'beside', not in 'parents', "
                    f"and read at({name}, index({way[-1]})-1): see docs/catalogue.md, Steps in time.",
                )
            if name not in done:
                for parent in quantities[name].parents:
                    visit(parent, (*way, name))
                done.add(name)

        for name in quantities:
            visit(name, ())
