"""Where two long files run in step again (lockstep.py): known by the values of the lines themselves.

Two lines that occur once on each side and say the same are a hint. A proof is that the whole step in front of them,
back to the line of the same name, says the same too. Lines that repeat what stood a step before prove nothing, and in
a loop that changes little from step to step only fine digits tell its steps apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, takewhile

from .numerals import vanished

_LONGEST = 64
"""Lines of a step that are looked at; loops with more of them, or lines outside of any, are known by so many."""
_LEAST = 8
"""Lines that are looked at in the least: shorter steps are looked at with the ones before."""


@dataclass(frozen=True)
class Level:
    """What counts as the same step: how much of it says the same, and within which part of its values.

    By so many digits lines are looked up.
    """

    share: float
    digits: int
    limit: float


LEVELS = tuple(Level(share, *said) for share, said in product((0.75, 0.5), ((7, 1e-8), (5, 1e-5))))
"""First nearly all of a step as two programs in double precision say it, then as six digits or single precision allow;
then half of it, as where a fault stays."""


class Told:
    """The lines of one side whose name the other side has, too: their places, names and roughly what they say."""

    def __init__(self, lines: list[bytes], shared: Collection[bytes], digits: int) -> None:
        self.at = [i for i, line in enumerate(lines) if name_of(line) in shared]
        self.lines = [lines[i] for i in self.at]
        self.keys = [_key(line, digits) for line in self.lines]
        counts = Counter(self.keys)
        self.once = {key: i for i, key in enumerate(self.keys) if counts[key] == 1}
        """What one line alone says, and which."""

    def name(self, i: int) -> Hashable:
        """The name of a line; None behind the last."""
        return self.keys[i][0] if i < len(self.keys) else None


def in_step(
    a: list[bytes], b: list[bytes], known: set[bytes], level: Level, ahead: int, order: Sequence[bytes] = ()
) -> tuple[int, int] | None:
    """How many lines of each side there are up to where both are in step; None where they are not.

    The nearest such place, and from there on as far as they stay in step, `ahead` lines at most. `known` are names
    whose lines differ and tell nothing. Where the place can be a step's end it is: in front of the first name of a
    loop, which runs them in this `order`.
    """
    shared = set(map(name_of, a)).intersection(map(name_of, b)) - known
    x, y = Told(a, shared, level.digits), Told(b, shared, level.digits)
    proven = _proven(x, y, level)
    first = next(proven, None)
    if first is None:
        return None
    near = takewhile(lambda pair: pair[0] < first[0] + ahead and pair[1] < first[1] + ahead, proven)
    ends = [first, *(pair for pair in near if pair[0] > first[0] and pair[1] > first[1])]
    head = next((name for name in order if name in shared), None)
    whole = [(i, j) for i, j in ends if x.name(i + 1) == y.name(j + 1) == head]
    if head is not None and whole:
        i, j = whole[-1]
        return x.at[i + 1], y.at[j + 1]
    i, j = ends[-1]
    return x.at[i] + 1, y.at[j] + 1


def loop_order(lines: Sequence[bytes]) -> list[bytes]:
    """The names of the first loop that lines run through, in order."""
    names = list(map(name_of, lines))
    begin = next((i for i, name in enumerate(names) if name in names[i + 1 : i + _LONGEST]), len(names))
    return list(dict.fromkeys(names[begin : begin + _LONGEST]))


def _proven(x: Told, y: Told, level: Level) -> Iterator[tuple[int, int]]:
    """Pairs of lines behind a step that is the same on both sides, the nearest first."""
    hints = [(i, y.once[key]) for key, i in x.once.items() if key in y.once]
    return (pair for pair in sorted(hints, key=sum) if _same_step(x, y, *pair, level))


def _same_step(x: Told, y: Told, i: int, j: int, level: Level) -> bool:
    """Whether the lines in front of two say the same: enough of all, and of those that say something new."""
    most = min(_LONGEST, i + 1, j + 1)
    name = x.keys[i][0]
    step = next((n for n in range(1, most) if x.keys[i - n][0] == name), most - 1)
    size = max(step + 1, _LEAST)
    if size > most or not _says(x, y, i - step, j - step, level):
        return False
    back = range(size)
    if any(x.keys[i - n][0] != y.keys[j - n][0] for n in back):
        return False
    same = {n: _says(x, y, i - n, j - n, level) for n in back}
    new = [ok for n, ok in same.items() if x.keys[i - n] in x.once or y.keys[j - n] in y.once]
    return min(sum(same.values()) / size, sum(new) / len(new)) >= level.share


def _says(x: Told, y: Told, i: int, j: int, level: Level) -> bool:
    """Whether two lines say the same at a level."""
    return x.keys[i] == y.keys[j] or alike(x.lines[i], y.lines[j], level.limit)


def alike(x: bytes, y: bytes, limit: float, known: Collection[bytes] = ()) -> bool:
    """Whether two lines say the same within a limit, or differ in a quantity whose difference is known to heal."""
    p, q = x.split(), y.split()
    if len(p) != len(q) or len(p) < 3 or p[1] != q[1]:
        return False
    if p[1] in known:
        return True
    try:
        one, two = [float(t) for t in p[2:]], [float(t) for t in q[2:]]
    except ValueError:
        return p[2:] == q[2:]
    scale = max(map(abs, one), default=0.0)
    rows = zip(p[2:], q[2:], one, two, strict=True)
    return all(
        s == t or (abs(m - n) <= limit * scale and not (_whole(s) and _whole(t)) and not (_tiny(s, m) or _tiny(t, n)))
        for s, t, m, n in rows
    )


def _tiny(token: bytes, value: float) -> bool:
    """Whether it is not 0, and too small for a double."""
    return vanished(token.decode("ascii", "replace"), value)


def name_of(line: bytes) -> bytes:
    """The second word of a line: the name of a plain record."""
    return line.split(b" ", 2)[1] if line.count(b" ") > 1 else b""


def _key(line: bytes, digits: int) -> tuple[Hashable, ...]:
    """A line without its prefix, its numbers to so many digits behind the point."""
    name, *words = line.split()[1:] or [b""]
    return (name, *(_coarse(word, digits) for word in words))


def _coarse(word: bytes, digits: int) -> Hashable:
    if _whole(word):
        return word
    try:
        return f"{float(word):.{digits}e}"
    except ValueError:
        return word


def _whole(token: bytes) -> bool:
    """Whether it is a whole number, which tells another one from it however large both are."""
    return token.lstrip(b"+-").isdigit()
