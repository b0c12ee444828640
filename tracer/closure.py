"""Does a value follow from its parents within the same trace? That tells which side is at fault, without a second one.

A formula that holds only with a factor that a wrong unit label explains (a power of ten) is such a label, if what is
computed from the value holds once the factor is taken out. Parameters that the trace does not hold (the cell counts N)
are inferred: the least integer, or the short decimal, with which every formula holds.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from .at import At, applicable
from .catalogue import Alternative, Catalogue, Parameter, Quantity
from .closure_result import ClosureResult
from .formula import TooLong, Unknown
from .model import Record, Trace
from .uncertain import Num, parts
from .view import View

SLACK = 2.0
_SEEDS = 3
_CHANCE = 0.01
"""An integer that fits by luck with more than this probability proves nothing."""


def check(trace: Trace, catalogue: Catalogue) -> list[ClosureResult]:
    """Every record that has a formula, in the order of the trace. The first `broken` one is the first bad value."""
    return check_view(View(trace, catalogue))


def check_view(view: View) -> list[ClosureResult]:
    """`check` for a trace already indexed; sets the view's parameters and labels."""
    infer(view)
    _find_labels(view)
    pairs = ((record, view.catalogue.get(view.name(record))) for record in view.trace.records)
    found = [check_record(view, record, quantity) for record, quantity in pairs if quantity and quantity.formulas]
    for key, value in view.catalogue.unless.items():
        if view.trace.facts.get(key) == value:
            why = f"its formulas are not for a run with {key}={value}"
            return [ClosureResult(result.quantity, result.record, None, why=why) for result in found]
    return found


def check_record(view: View, record: Record, quantity: Quantity) -> ClosureResult:
    """One record against the formulas of its quantity; it holds where any applicable one does."""
    alternatives = applicable(view, record, quantity)
    label = view.labels.get(quantity.name)
    if not alternatives:
        why = "no formula applies" if alternatives is not None else "the trace does not say which formula applies"
        return ClosureResult(quantity.name, record, None, why=why)
    best: ClosureResult | None = None
    undecided = untold = ""
    for alternative in alternatives:
        try:
            result = _against(view, record, quantity, alternative)
        except Unknown as unknown:
            why = next((view.impossible[n] for n in sorted(alternative.formula.names) if n in view.impossible), "")
            undecided = undecided if why else str(unknown)
            untold = undecided if isinstance(unknown, TooLong) else f"the trace does not hold {undecided}"
            if why and best is None:
                said, text = f"{quantity.name}: {why}", alternative.formula.text
                best = ClosureResult(quantity.name, record, False, formula=text, why=said, excess=math.inf)
            continue
        if result.holds and label is not None:
            return ClosureResult(
                quantity.name, record, False, result.expected, result.allowed, label, True, result.formula,
                f"holds only with a factor {label:g}: its unit label is wrong",
            )  # fmt: skip
        if result.holds:
            return result
        best = result if best is None or (best.expected and result.excess < best.excess) else best
    if undecided or best is None:
        return ClosureResult(quantity.name, record, None, why=untold, lacks=undecided)
    sure = any(alternative.sure for alternative in alternatives)
    if quantity.open and not sure and (best.factor is None or _power_of_ten(best.factor, 0.0) is None):
        return replace(best, holds=None, why=quantity.note or "it may come from elsewhere")
    return best


def _against(view: View, record: Record, quantity: Quantity, alternative: Alternative) -> ClosureResult:
    """The record against one formula; Unknown where the trace lacks something, or the formula has no value."""
    read: list[Record] = []
    at = At(view, record, {}, reads=read)
    expected = view.computed(alternative.formula, at)
    if not all(math.isfinite(x.v) for x in expected) and all(math.isfinite(v) for r in read for v in r.numbers):
        raise Unknown(f"numbers for which {alternative.formula.text} has a value")  # 0/0: a program has a case for it
    actual = _actual(view, record, quantity, at, alternative)
    if len(actual) != len(expected):
        raise Unknown(f"a value of the shape of {alternative.formula.text}")
    allowed = tuple(_allowed(x, a) for x, a in zip(expected, actual, strict=True))
    values = tuple(x.v for x in expected)
    holds = all(_same(a.v, x, allow) for a, x, allow in zip(actual, values, allowed, strict=True))
    factor = None if holds else _factor(tuple(a.v for a in actual), values, allowed)
    why = "" if holds else _say(quantity.name, alternative, factor)
    off = max((_times(a.v, x, allow) for a, x, allow in zip(actual, values, allowed, strict=True)), default=0.0)
    text, invariant = alternative.formula.text, alternative.of is not None or quantity.of is not None
    return ClosureResult(quantity.name, record, holds, values, allowed, factor, False, text, why, off, invariant)


def _allowed(expected: Num, actual: Num) -> float:
    """How far the actual value may be off on its side of the expected one: a decision is not taken twice as far."""
    (down, up), error = expected.reach
    return SLACK * error + actual.e + (up if actual.v > expected.v else -down)


def _times(a: float, b: float, allowed: float) -> float:
    if _same(a, b, allowed):
        return 0.0
    return abs(a - b) / allowed if allowed and math.isfinite(a) and math.isfinite(b) else math.inf


def _actual(view: View, record: Record, quantity: Quantity, at: At, alternative: Alternative) -> tuple[Num, ...]:
    """What the trace holds in the formula's place: the value, or an invariant of it, and how far it may be off."""
    half, floor = view.half(record), view.floor(record)
    of = alternative.of or quantity.of
    if of is None:
        return parts(view.term(record, tuple(h + f for h, f in zip(half, floor, strict=True))))
    relative = max(floor, default=0.0) / (max(map(abs, record.numbers), default=1.0) or 1.0)
    return tuple(Num(x.v, x.e + SLACK * relative * abs(x.v)) for x in parts(of(at)))


def _say(name: str, alternative: Alternative, factor: float | None) -> str:
    text = f"{name} is not {alternative.formula.text}"
    if factor is None:
        return text
    times = f"{factor:.10g}"
    if times != "1":
        return f"{text}, but {times} times that"
    return f"{text}, but {'larger' if factor > 1 else 'smaller'} by {abs(factor - 1):.1e} of that"


def _same(a: float, b: float, allowed: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= allowed


def _factor(actual: tuple[float, ...], expected: tuple[float, ...], allowed: tuple[float, ...]) -> float | None:
    """The one factor by which every component is off, if there is one; judged on the largest component."""
    top = max(range(len(expected)), key=lambda i: abs(expected[i]))
    if not expected[top] or not math.isfinite(expected[top]) or not actual[top] or not math.isfinite(actual[top]):
        return None
    factor = actual[top] / expected[top]
    tidy = _power_of_ten(factor, allowed[top] / abs(expected[top]))
    factor = tidy if tidy is not None else factor
    fits = (
        abs(a - factor * x) <= abs(factor) * allow * 4 for a, x, allow in zip(actual, expected, allowed, strict=True)
    )
    return factor if all(fits) else None


def _power_of_ten(factor: float, relative: float) -> float | None:
    """±10^k (k not 0) where the factor is that within its error, else None."""
    if factor == 0 or not math.isfinite(factor):
        return None
    exponent = round(math.log10(abs(factor)))
    power = math.copysign(10.0**exponent, factor)
    return power if exponent and abs(factor / power - 1) <= relative + 1e-12 else None


def _find_labels(view: View) -> None:
    """Quantities off by one power of ten in most places, whose children hold once it is taken out."""
    for name in view.catalogue.order:
        quantity = view.catalogue.quantities[name]
        records = view.records(name)
        if not records or not quantity.formulas or quantity.of is not None:
            continue
        found = Counter(_decade(check_record(view, record, quantity)) for record in records)
        label, often = found.most_common(1)[0]
        if label is None or 2 * often <= len(records) or _children_fit(view, name):
            continue  # a few values may be wrong in themselves
        for guess in (label, label / 10, label * 10):  # a fault of the value itself may lie on top of its label
            view.relabel(name, guess)
            if guess != 1 and _children_fit(view, name):
                break
        else:
            view.relabel(name, None)


def _decade(result: ClosureResult) -> float | None:
    """The power of ten (not 1) nearest to how much longer the value is than it should be."""
    if result.holds is not False or not result.expected or len(result.expected) != len(result.record.values):
        return None
    actual, expected = (math.hypot(*v) for v in (result.record.numbers, result.expected))
    if not (0 < actual < math.inf and 0 < expected < math.inf):
        return None
    exponent = round(math.log10(actual) - math.log10(expected))
    return 10.0**exponent if 0 < abs(exponent) < 300 else None  # beyond it there is no unit, and no float


def _children_fit(view: View, name: str) -> bool:
    """Whether what is computed from `name` has at least the right size: a fault of its own must not hide the label."""
    results = [
        check_record(view, record, child)
        for child in (view.catalogue.quantities[c] for c in view.catalogue.children[name])
        if any(name in alternative.formula.names for alternative in child.formulas)
        for record in view.records(child.name)
    ]
    decided = [result for result in results if result.holds is not None]
    return bool(decided) and all(_decade(result) is None for result in decided)


def infer(view: View) -> None:
    """Set the parameters that formulas need and the trace does not hold."""
    for parameter in view.catalogue.parameters.values():
        if view.records(parameter.name) or parameter.name in view.parameters or _asked(view, parameter):
            continue
        users = [
            (record, quantity, alternative)
            for quantity in view.catalogue
            for alternative in quantity.formulas
            if parameter.name in alternative.formula.names
            for record in view.records(quantity.name)
            if parameter.kind == "decimal" or _may_apply(view, record, alternative)
        ]
        if users:
            value = (
                _integer(view, parameter, users) if parameter.kind == "integer" else _decimal(view, parameter, users)
            )
            view.parameters.pop(parameter.name, None)
            if value is not None:
                view.parameters[parameter.name] = value


def _asked(view: View, parameter: Parameter) -> bool:
    """Set the parameter to what the arguments ask for, if they tell."""
    if parameter.asked is None or not view.trace.records:
        return False
    try:
        term = parameter.asked(At(view, view.trace.records[0], {}))
    except Unknown:
        return False
    if isinstance(term, Num):
        view.parameters[parameter.name] = term.v
    return isinstance(term, Num)


def _may_apply(view: View, record: Record, alternative: Alternative) -> bool:
    try:
        return alternative.when is None or alternative.when.true(At(view, record, {}))
    except Unknown:
        return True


_User = tuple[Record, Quantity, Alternative]


def _integer(view: View, parameter: Parameter, users: list[_User]) -> float | None:
    """The least integer with which most users hold; None undecided; the name goes to `impossible` where none does."""
    undecided = False
    whole = [user for user in users if all(map(math.isfinite, user[0].numbers))] or users  # NaN fits no number at all
    seeds = sorted(whole, key=lambda user: -max(map(abs, user[0].numbers), default=0.0))[:_SEEDS]
    for seed in seeds:
        value = _fitting(view, parameter, seed)
        if value is None:
            undecided = True
        elif value:
            view.parameters[parameter.name] = value
            held = [_quietly(view, user) for user in whole]
            if held.count(True) * 2 >= len([h for h in held if h is not None]):
                return value
    if not undecided:
        view.impossible[parameter.name] = (
            f"no whole number {parameter.name} from {parameter.least} to {parameter.most} makes it hold"
        )
    return None


def _fitting(view: View, parameter: Parameter, user: _User) -> float | None:
    """The least integer that makes one record hold; 0 where there is none, None where one would fit by luck."""
    record, quantity, alternative = user
    luck = 0.0
    known = sorted({value for value in view.parameters.values() if value == int(value) and value >= parameter.least})
    span = max((abs(x) for x in record.numbers), default=0.0) or 1e-300
    at = At(view, record, {})
    try:
        actual = _actual(view, record, quantity, at, alternative)
        for value in (*known, *range(parameter.least, parameter.most + 1)):
            view.parameters[parameter.name] = float(value)
            expected = view.computed(alternative.formula, at)
            if len(actual) != len(expected):
                return None
            allowed = [_allowed(x, a) for a, x in zip(actual, expected, strict=True)]
            if all(abs(a.v - x.v) <= allow for a, x, allow in zip(actual, expected, allowed, strict=True)):
                return float(value) if luck < _CHANCE else None
            luck += 2 * max(allowed) / span
            if luck > _CHANCE and value not in known:
                return None
    except Unknown:
        return None
    return 0.0


def _quietly(view: View, user: _User) -> bool | None:
    record, quantity, alternative = user
    try:
        return _against(view, record, quantity, alternative).holds
    except Unknown:
        return None


def _decimal(view: View, parameter: Parameter, users: list[_User]) -> float | None:
    """The short decimal that `solve` gives for most users; None and `impossible` where it is none anywhere."""
    assert parameter.solve is not None
    found = list[float]()
    for record, _, _ in users:
        try:
            term = parameter.solve(At(view, record, {}))
        except Unknown:
            continue
        if isinstance(term, Num) and math.isfinite(term.v) and math.isfinite(term.e):
            short = _short(term, parameter.digits)
            if short is None:
                return None
            found.append(short)
        else:
            found.append(math.nan)
    tidy = [value for value in found if not math.isnan(value)]
    if tidy:
        return max(set(tidy), key=tidy.count)
    if found:
        view.impossible[parameter.name] = f"no {parameter.name} that a person would type makes it hold"
    return None


def _short(solved: Num, digits: int) -> float | None:
    """The decimal of at most `digits` digits that `solved` is; nan where it is none, None where any would do."""
    off = SLACK * solved.e + 1e-13 * abs(solved.v)
    if abs(solved.v) <= off:
        return 0.0 if off < 10.0**-digits else None
    spacing = 10.0 ** (math.floor(math.log10(abs(solved.v))) - digits + 1)
    if 2 * off / spacing > _CHANCE:
        return None
    short = float(f"{solved.v:.{digits}g}")
    return short if abs(short - solved.v) <= off else math.nan
