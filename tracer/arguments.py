"""What a program was started with, as values that formulas may read: the command line is the parent of every input."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from .catalogue import Option
from .model import Input, Record

EXACT = 17
"""Digits of a number that a person typed: what it says is what is meant."""
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def split_arguments(text: str) -> list[str]:
    """The words of a shell-quoted command line; a text that no shell would take is split at its blanks."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def arguments(words: Sequence[str], options: Iterable[Option]) -> Iterator[Record]:
    """A record for each option that is found, in the order of the command line."""
    known = [option for option in options if not option.output]
    for place, word in enumerate(words):
        if not word.startswith("-") or _NUMBER.fullmatch(word):
            continue
        for option in known:
            if option.flag.search(word) and (record := _record(option, words[place + 1 :])) is not None:
                yield record


def _record(option: Option, rest: Sequence[str]) -> Record | None:
    """The option with its values; None where too few follow it: it is ignored then, as the program does."""
    if not option.values:
        if len(rest) < option.least:
            return None
        return Record(option.says, (1.0,), ("1",), prefix="ARGUMENT")
    tokens = list[str]()
    for word in rest[: option.values]:
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            break
        tokens.append(word)
    if len(tokens) < option.least:
        return None
    if option.fill is not None:
        tokens += [f"{option.fill:g}"] * (option.values - len(tokens))
    values = tuple(float(t) if _NUMBER.fullmatch(t) else t for t in tokens)
    shape = () if option.values == 1 else (len(values),)
    return Record(option.says, values, tuple(tokens), shape, prefix="ARGUMENT")


def compare_arguments(a: str, b: str, options: Iterable[Option]) -> Iterator[tuple[str, str | None, str | None]]:
    """Options whose values differ: the flag as it was typed, and what either side gave (None: nothing).

    Numbers are compared as numbers, and an option that the catalogue knows by what it says: `-N 4` is `-Na 4 -Nb 4
    -Nc 4`. One of which it heard no value counts where both sides have it: programs have options of their own. Where
    it says that an option names an output, two runs are expected to differ in it.
    """
    listed = list(options)
    words = split_arguments(a), split_arguments(b)
    x, y = map(_typed, words)
    ours, theirs = ({r.quantity: r.values for r in arguments(side, listed)} for side in words)
    for flag in dict.fromkeys((*x, *y)):
        one, two = x.get(flag), y.get(flag)
        known = [option for option in listed if option.flag.search(flag)]
        if _values(one) == _values(two) or any(option.output for option in known):
            continue
        heard = any(o.values and o.says in ours for o in known)
        if any(ours.get(o.says) != theirs.get(o.says) for o in known) or not (heard or one is None or two is None):
            yield flag, _shown(one), _shown(two)


class Told(Protocol):
    """A trace or a store: facts about a run, and the files that it read."""

    @property
    def facts(self) -> Mapping[str, str]:
        """`inputs` is among them where the run tells what it read."""
        ...

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it read."""
        ...


def compare_inputs(a: Told, b: Told) -> Iterator[tuple[str, str, str]]:
    """Files that one run read and the other did not, or with other content: the name, and what either side read.

    Nothing where one of the two traces does not tell what was read. The same content under another name is the same.
    """
    if "inputs" not in a.facts or "inputs" not in b.facts:
        return
    x, y = _by_name(a.inputs), _by_name(b.inputs)
    same = {(one.size, one.crc32) for one in x.values()} & {(one.size, one.crc32) for one in y.values()}
    for key in dict.fromkeys((*x, *y)):
        one, two = x.get(key), y.get(key)
        if any(found is not None and (found.size, found.crc32) not in same for found in (one, two)):
            yield key[0], _content(one), _content(two)


def _by_name(inputs: Iterable[Input]) -> dict[tuple[str, int], Input]:
    """Files by their bare name (two runs stand in two directories), those of one name counted."""
    found: dict[tuple[str, int], Input] = {}
    for one in inputs:
        bare = one.name.rpartition("/")[2]
        found[bare, sum(name == bare for name, _ in found)] = one
    return found


def _content(one: Input | None) -> str:
    return "not read" if one is None else f"{one.size} bytes (CRC-32 {one.crc32:08x})"


def _values(words: Sequence[str] | None) -> tuple[float | str, ...] | None:
    """Numbers as such: 1.30 is 1.3."""
    return None if words is None else tuple(float(w) if _NUMBER.fullmatch(w) else w for w in words)


def _shown(words: Sequence[str] | None) -> str | None:
    return None if words is None else " ".join(words) or "given"


def _typed(words: Sequence[str]) -> dict[str, list[str]]:
    """The last values of every option, as text."""
    found: dict[str, list[str]] = {}
    flag = ""
    for word in words:
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            flag = word
            found[flag] = []
        elif flag:
            found[flag].append(word)
    return found
