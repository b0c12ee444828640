"""Unit labels that two traces print beside the same value: `15.5 mm` here and `15.5 m` there is a difference.

One unit has many spellings (`meters` and `m`, `Å^-1` and `1/Å`), and a label on one side only says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from .align import Pairing

_SPELLED = {
    "meter": "m", "meters": "m", "metre": "m", "metres": "m", "A": "Å", "Angstrom": "Å", "Angstroms": "Å",
    "um": "μm", "deg": "°", "degree": "°", "degrees": "°", "radian": "rad", "radians": "rad",
    "steradian": "sr", "steradians": "sr", "photons": "photon",
}  # fmt: skip
_FACTOR = re.compile(r"(.*?)\^?([-+]?\d+)?\Z")

Unit = tuple[tuple[str, int], ...]


def meaning(label: str) -> Unit:
    """The factors of a unit with their powers, whatever the spelling: `1/Å`, `Å^-1` and `Angstroms⁻¹` mean the same."""
    plain = unicodedata.normalize("NFKC", label).replace("\N{MINUS SIGN}", "-")
    above, *below = plain.split("/")
    factors = [_factor(above, 1), *(_factor(one, -1) for one in below)]
    return tuple(sorted(one for one in factors if one[0] != "1"))


def _factor(text: str, sign: int) -> tuple[str, int]:
    if text == "1":
        return "1", 1
    match = _FACTOR.match(text)
    assert match is not None
    name, power = match.groups()
    return _SPELLED.get(name, name), sign * int(power or 1)


def labels_apart(pairings: Iterable[Pairing]) -> dict[str, tuple[str, str]]:
    """Quantities that both sides label, each with another unit: the labels of the first such pair."""
    found: dict[str, tuple[str, str]] = {}
    for pair in pairings:
        if pair.reference is None or pair.candidate is None:
            continue
        one, two = pair.reference.unit, pair.candidate.unit
        if one and two and one != two and meaning(one) != meaning(two):
            found.setdefault(pair.quantity, (one, two))
    return found
