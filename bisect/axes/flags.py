"""Flags as points: the options in which a good and a bad command line differ, of a program or of a compiler."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ...tracer.errors import FirstbadError
from ..search.subsets import SubsetSearch

Words = tuple[str, ...]
_OPTION = re.compile(r"--?[A-Za-z]|--$")
# Options of cc, ld and nvcc whose value is the next word; every other compiler word stands alone.
_SHORT = ("-o", "-x", "-I", "-D", "-U", "-L", "-l", "-T", "-u", "-z", "-MF", "-MT", "-MQ", "-arch", "-target")
_LONG = ("--param", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-framework", "-gencode")
_COMPILER_VALUES = frozenset((*_SHORT, *_LONG, "-Xlinker", "-Xassembler", "-Xpreprocessor", "-Xcompiler"))


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place of the line: what stands there without and with the edit `point` (None: the same in both)."""

    point: str | None
    old: Words
    new: Words


def option_groups(arguments: Sequence[str], *, compiler: bool = False) -> list[Words]:
    """Each option with its values, in order; negative numbers are values, not options.

    A program's option takes every word up to the next option (`-cell 100 100 100 90 90 90`). A compiler's takes one
    word if it is known to, else none, so that file names stand alone.
    """
    groups: list[list[str]] = []
    room = 0
    for word in arguments:
        starts = bool(_OPTION.match(word))
        if starts or not groups or room == 0:
            groups.append([word])
            room = (1 if word in _COMPILER_VALUES else 0) if compiler else (-1 if starts else 0)
        else:
            groups[-1].append(word)
            room -= 1
    return [tuple(g) for g in groups]


class FlagAxis:
    """The edits that lead from the command line `good` to `bad`; any subset of them is a command line."""

    def __init__(self, good: Sequence[str], bad: Sequence[str], *, compiler: bool = False) -> None:
        old, new = (option_groups(line, compiler=compiler) for line in (good, bad))
        self._slots: list[_Slot] = []
        for slot in _slots(old, new):
            same = sum(s.point is not None and s.point.split(" #")[0] == slot.point for s in self._slots)
            name = f"{slot.point} #{same + 1}" if slot.point and same else slot.point
            self._slots.append(_Slot(name, slot.old, slot.new))
        if not self.points:
            raise FirstbadError(
                "both command lines are the same",
                remedy="Give the line that is good and the one that is bad",
                slug="same-flags",
            )

    @property
    def points(self) -> tuple[str, ...]:
        """The edits, in the order of the line: `add -ffast-math`, `drop -O0`, `-N 5 -> -N 6`."""
        return tuple(s.point for s in self._slots if s.point is not None)

    def command(self, chosen: Collection[str]) -> list[str]:
        """The good line with just the `chosen` edits; with all of them it is the bad line."""
        return [w for s in self._slots for w in (s.new if s.point in chosen else s.old)]

    def search(self, *, confirm: bool = True) -> SubsetSearch:
        """The search for the edits that matter."""
        return SubsetSearch(self.points, confirm=confirm)


def _slots(old: list[Words], new: list[Words]) -> Iterator[_Slot]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (_Slot(None, g, g) for g in old[a:b])
        else:
            yield from _edited(old[a:b], new[c:d])


def _edited(old: list[Words], new: list[Words]) -> Iterator[_Slot]:
    """Pair equal options in order; what stands between two pairs was dropped or added."""
    keys = [g[0] for g in new]
    at = 0
    for group in old:
        if group[0] in keys[at:]:
            match = keys.index(group[0], at)
            yield from (_Slot(f"add {' '.join(g)}", (), g) for g in new[at:match])
            same = group == new[match]
            change = None if same else f"{' '.join(group)} -> {' '.join(new[match])}"
            yield _Slot(change, group, new[match])
            at = match + 1
        else:
            yield _Slot(f"drop {' '.join(group)}", group, ())
    yield from (_Slot(f"add {' '.join(g)}", (), g) for g in new[at:])
