"""A made-up program of a few quantities, each computed from the ones before, and what is said of two runs."""

from __future__ import annotations

import json
import math

from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.text import parse

CHAIN = from_document({
    "quantity": {
        "a": {"kind": "input"}, "b": {"kind": "input"}, "mode": {"kind": "config"}, "k": {"kind": "constant", "formula": "2"},
        "sum": {"parents": ["a", "b"], "formula": "a + b"},
        "scaled": {"parents": ["sum", "k"], "formula": "k*sum"},
        "index": {"kind": "branch", "parents": ["sum"], "formula": "ceil(sum - 0.5)"},
        "table": {"kind": "input", "parents": ["index"]},
        "final": {"parents": ["scaled", "table"], "formula": "scaled*table*table", "final": True},
    }
})  # fmt: skip


def program(
    a: float = 1.25, b: float = 2.125, k: float = 2.0, table: float = 3.5, digits: int = 17, **wrong: float
) -> str:
    """What that program prints; `wrong` multiplies a computed value before it is used further."""
    total = (a + b) * wrong.get("sum", 1.0)
    scaled = k * total * wrong.get("scaled", 1.0)
    index = math.ceil(total - 0.5)
    final = scaled * table * table * wrong.get("final", 1.0)
    rows = {
        "f": 1.2345678901234567,
        "a": a,
        "b": b,
        "k": k,
        "sum": total,
        "scaled": scaled,
        "index": index,
        "table": table,
        "final": final,
    }
    return "".join(f"TRACE_C: {name} {value:.{digits}g}\n" for name, value in rows.items())


def diff(a: str, b: str, catalogue: Catalogue = CHAIN) -> Diff:
    found = compare(parse(a, "a"), parse(b, "b"), catalogue)
    json.dumps(found.as_dict(), allow_nan=False)
    return found


def names(findings: object) -> list[str]:
    return [f.quantity for f in findings]  # type: ignore[attr-defined]
