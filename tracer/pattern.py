"""What kind of mistake does a difference look like? The best explanation of all components and records, or
none.

Each rule (pattern_factors, pattern_values, pattern_shapes, pattern_steps, pattern_loops, pattern_formula)
proposes what the candidate would hold if a particular mistake had been made. The proposal must fit every
component of every record to within print resolution and rounding; then it is weighed (pattern_data), and the
one that is furthest ahead wins, if it is ahead enough. A wrong explanation costs its reader more than none,
so where nothing is clearly ahead the answer is None. docs/patterns.md lists the kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from . import (
    pattern_common,
    pattern_factors,
    pattern_formula,
    pattern_loops,
    pattern_shapes,
    pattern_steps,
    pattern_values,
)
from .model import Record
from .pattern_data import Compared, Context, Data, Guess, Rule, collect, weigh

__all__ = ["Context", "Pattern", "explain"]

RULES: tuple[Rule, ...] = (
    pattern_values.special,
    pattern_values.identity_matrix,
    pattern_factors.sign,
    pattern_factors.power_of_ten,
    pattern_factors.constant,
    pattern_factors.small_ratio,
    pattern_factors.counts,
    pattern_factors.axis_signs,
    pattern_factors.permuted,
    pattern_shapes.transposed,
    pattern_shapes.transposed_vectors,
    pattern_shapes.rows_and_columns,
    pattern_values.powers,
    pattern_values.scaled_reciprocal,
    pattern_values.single_precision,
    pattern_values.decimals,
    pattern_values.whole,
    pattern_values.absolute,
    pattern_values.functions,
    pattern_shapes.pixels_off,
    pattern_shapes.index_off,
    pattern_shapes.wrong_rounding,
    pattern_steps.shifted_steps,
    pattern_steps.wrapped_steps,
    pattern_loops.shifted_loops,
    pattern_loops.kept_loops,
    pattern_steps.negative_index,
    pattern_steps.constant,
    pattern_steps.blocks,
    pattern_steps.sums,
    pattern_steps.step_offset,
    pattern_steps.spacing,
    pattern_steps.other_values,
    pattern_values.typed_constant,
    pattern_values.default,
    pattern_shapes.turned_back,
    pattern_factors.other_quantity,
    pattern_formula.miswritten,
    pattern_shapes.added,
    pattern_common.common,
    pattern_shapes.offset,
)
LOSSY: tuple[Rule, ...] = (
    pattern_values.single_precision,
    pattern_values.decimals,
    pattern_values.typed_constant,
    pattern_values.default,
    pattern_shapes.wrong_rounding,
    pattern_steps.behind,
    pattern_steps.constant,
    pattern_steps.blocks,
    pattern_loops.kept_loops,
    pattern_steps.other_values,
    pattern_formula.miswritten,
)
"""Mistakes that lose what was there, so that the other side cannot be told from the one that made them."""
COLUMNS: tuple[Rule, ...] = (pattern_factors.power_of_ten, pattern_factors.constant)
MIRROR = 1.0  # bits: the reference is wrong less often
SUBSET = 6.0  # bits: "only where it differs" is a weaker claim than "everywhere"
CLOSE = 3.0  # bits: an explanation this close to the best one is named beside it


@dataclass(frozen=True, slots=True)
class Pattern:
    """The best explanation: `kind` from docs/patterns.md, `text` for a reader, `confidence` from 0 to 1.

    `evidence` says what it rests on; `also` holds explanations that fit nearly as well.
    """

    kind: str
    text: str
    confidence: float
    evidence: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "evidence": list(self.evidence), "also": list(self.also)}


def explain(
    reference: Sequence[Record], candidate: Sequence[Record], context: Compared, fault: str = ""
) -> Pattern | None:
    """Explain how all records of one quantity differ; None where nothing fits or the evidence is too thin.

    `reference` and `candidate` hold that quantity's records of either trace, in order; `context` (a
    Context, or diff.Case) gives the two whole traces. Words, and vectors of unequal length, are never
    explained. `fault` is what formulas say of who made the mistake: "candidate", "reference", "neither", or ""
    where they do not tell.
    """
    if not reference or not candidate:
        return None
    name = context.a.names.get(id(reference[0]), reference[0].quantity)
    data = collect(name, reference, candidate, context)
    if data is None or all(p.same for p in data.flat):
        return None
    return _best(data, 0.0, fault) or _best_of_part(data, fault) or _best_of_columns(data, fault)


def _best(data: Data, extra: float, fault: str) -> Pattern | None:
    """The guess that is furthest ahead of all that fit, if it is ahead by what its kind demands."""
    return _first(data, _guesses(data, extra, fault))


def _guesses(data: Data, extra: float, fault: str) -> list[tuple[float, Guess]]:
    """What the side at fault may have done; where it is not known, more often the candidate than the reference."""
    if fault == "reference":
        return _of_reference(data, RULES, extra)
    if fault == "neither":
        return [*_weighed(data, [rule for rule in RULES if rule not in LOSSY], extra)]
    found = [*_weighed(data, RULES, extra)]
    if fault == "candidate" or pattern_formula.follows_alone(data.mirrored()):
        return found  # a side whose values follow from their parents is not accused
    return found + _of_reference(data, LOSSY, extra + MIRROR)


def _of_reference(data: Data, rules: Iterable[Rule], extra: float) -> list[tuple[float, Guess]]:
    mirrored = data.mirrored()
    return [(bits, replace(guess, text=_exchanged(guess.text))) for bits, guess in _weighed(mirrored, rules, extra)]


def _first(data: Data, weighed: list[tuple[float, Guess]]) -> Pattern | None:
    if not weighed:
        return None
    weighed.sort(key=lambda w: -w[0])
    bits, best = weighed[0]
    rivals = [g for b, g in weighed[1:] if b > bits - CLOSE and g.text != best.text]
    also = tuple(dict.fromkeys(g.text for g in rivals))
    kinds = {g.kind for g in rivals} - {best.kind}
    return Pattern(best.kind, best.text, _confidence(bits, len(kinds)), _evidence(data, best, bits), also)


def _weighed(data: Data, rules: Iterable[Rule], extra: float) -> Iterator[tuple[float, Guess]]:
    for rule in rules:
        for guess in rule(data):
            bits = weigh(data, guess)
            if bits is not None and bits - extra >= guess.least:
                yield bits - extra, guess


def _exchanged(text: str) -> str:
    """What was said of the candidate, of the reference."""
    swapped = {"candidate": "reference", "reference": "candidate"}
    said = re.sub("candidate|reference", lambda m: swapped[m[0]], text)
    return said if "reference" in said else f"the reference: {said}"


def _best_of_columns(data: Data, fault: str) -> Pattern | None:
    """A factor of only those components that differ, where these are some of a vector's in every record."""
    keep = [i for i in range(data.width) if not all(row[i].same for row in data.rows)]
    if len(keep) == data.width:
        return None
    part = data.columns(keep)
    rules = _of_reference(part, COLUMNS, SUBSET) if fault == "reference" else [*_weighed(part, COLUMNS, SUBSET)]
    found = _first(part, rules)
    if found is None:
        return None
    where = f"in {len(keep)} of {data.width} components"
    return replace(found, text=f"{found.text}, {where}", evidence=(where, *found.evidence))


def _best_of_part(data: Data, fault: str) -> Pattern | None:
    """The same for only those records that differ, where these are some of several."""
    keep = [i for i, row in enumerate(data.rows) if not all(p.same for p in row)]
    if len(keep) == len(data.rows):
        return None
    found = _best(data.only(keep), SUBSET, fault)
    if found is None:
        return None
    where = f"in {len(keep)} of {len(data.rows)} records"
    said = found.text.replace("every record holds", "the record holds" if len(keep) == 1 else "each holds")
    also = tuple(_of_part(text, where) for text in found.also)
    return replace(found, text=_of_part(said, where), evidence=(where, *found.evidence), also=also)


def _of_part(text: str, where: str) -> str:
    """What holds of some records is not said of all; an index that is counted from another start is off in all."""
    text = text.replace(pattern_shapes.START, "")
    return text.replace("everywhere", where) if "everywhere" in text else f"{text}, {where}"


def _confidence(bits: float, rivals: int) -> float:
    """1 minus the chance of a coincidence, shared with explanations that fit as well."""
    return round((1 - 2.0 ** -(min(bits, 10.0) + 1)) / (1 + rivals), 4)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _evidence(data: Data, guess: Guess, bits: float) -> tuple[str, ...]:
    claimed = [(p, v) for p, v in zip(data.flat, guess.values, strict=True) if v is not None]
    changed = [p for p, _ in claimed if not p.same]
    first = max(changed, key=lambda p: abs(p.c - p.r) if p.c == p.c else 0.0)
    return (
        f"fits {_count(len(claimed), 'value')} in {_count(len(data.rows), 'record')}, {len(changed)} of them changed",
        f"reference {first.r:.17g}, candidate {first.c:.17g}",
        f"ahead of a coincidence by {bits:.0f} bits",
    )
