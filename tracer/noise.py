"""Measured noise: how far correct runs differ, quantity by quantity, with the evidence; a TOML file.

`firstbad calibrate` writes it. A number is counted in roundings of the quantity's own scale, beyond what the quantity
inherits from its parents by its formula; so it holds for other inputs too, and at each place of a computation only what
is added there is granted there. What a formula makes of the worst that its parents may be off is a bound; the largest
part of it that reruns ever showed is measured, too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from .errors import FirstbadError

_HEAD = (
    "# How far correct runs differ: written by `firstbad calibrate` (docs/noise.md). ulp: roundings of the",
    "# quantity's scale beyond what it inherits; spread: the largest relative difference at all; both the largest",
    "# of so many pairs of records, in the run named. share: the largest part of what it inherits at most that was",
    "# ever seen, in so many decisive numbers (1: too few told).",
)
DTYPES = ("float64", "float32")
MARK = _HEAD[0].partition(" (")[0]
"""How a table begins that `firstbad calibrate` wrote."""


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity: `ulp` roundings of its scale beyond what it inherits, and the largest relative difference at all.

    Both are the largest of `records` pairs; `where` names the run that showed it. `share` is the largest part of what
    it inherits at most that was seen in `decisive` numbers, those for which that is much more than a rounding.
    """

    ulp: float
    spread: float
    records: int
    where: str = ""
    share: float = 1.0
    decisive: int = 0


@dataclass(frozen=True, eq=False)
class NoiseTable:
    """Rows by dtype and quantity, and what was run to get them (date, commands, cases, numbers of runs)."""

    rows: Mapping[str, Mapping[str, Row]]
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_noise(path: Path) -> NoiseTable:
    """The table in a file; FirstbadError `noise-table` says what is wrong with it."""
    try:
        return _parsed(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FirstbadError(
            f"the noise table {path} cannot be read: {reason}",
            remedy="`firstbad calibrate` writes such a table.",
            slug="noise-table",
        ) from None


@lru_cache(maxsize=8)
def _parsed(text: str, name: str) -> NoiseTable:
    document = tomllib.loads(text)
    unknown = sorted(document.keys() - {"evidence", *DTYPES})
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no dtype; known are {', '.join(DTYPES)}")
    tables = {dtype: cast(dict[str, Any], document.get(dtype, {})) for dtype in DTYPES}
    return NoiseTable(
        {dtype: {key: _row(f"{dtype}.{key}", row) for key, row in table.items()} for dtype, table in tables.items()},
        document.get("evidence", {}),
    )


def _row(entry: str, value: object) -> Row:
    table = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    ulp, share = table.get("ulp"), table.get("share", 1.0)
    if not isinstance(ulp, int | float) or not 0 <= ulp < float("inf"):
        raise ValueError(f"{entry} has no 'ulp', a number of roundings")
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(f"{entry} has a 'share' that is no number from 0 to 1")
    return Row(
        float(ulp),
        float(table.get("spread", 0.0)),
        int(table.get("records", 0)),
        str(table.get("where", "")),
        float(share),
        int(table.get("decisive", 0)),
    )


def noise_text(table: NoiseTable) -> str:
    """The table as TOML, its evidence first."""
    lines = [*_HEAD, "", "[evidence]"]
    lines += [f"{key} = {_toml(value)}" for key, value in table.evidence.items()]
    for dtype in DTYPES:
        rows = table.rows.get(dtype, {})
        lines += ["", f"[{dtype}]"] if rows else []
        lines += [
            f"{_key(name)} = {{ ulp = {row.ulp:.3g}, share = {row.share:.3g}, spread = {row.spread:.2e}, "
            f"records = {row.records}, decisive = {row.decisive}, where = {_toml(row.where)} }}"
            for name, row in sorted(rows.items())
        ]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _toml(name)


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        parts = [_toml(one) for one in cast(list[object], value)]
        return "[\n" + "".join(f"  {part},\n" for part in parts) + "]" if parts else "[]"
    if isinstance(value, str):
        body = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in value)
        return f'"{body}"'
    return str(value)
