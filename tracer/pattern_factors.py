"""The candidate is the reference times a constant: units, angles, pi, sign, counts, another quantity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

from .model import Record
from .pattern_data import Data, Guess, Pair, evidence
from .view import View

UNITS = {
    10: "Å and metres",
    9: "nm and metres",
    6: "micrometres and metres",
    3: "milli and unit (mm and m, eV and keV)",
    1: "Å and nm",
    7: "Å and millimetres",
    4: "Å and micrometres",
    2: "per cent, or centi",
}
SQUARES = {20: "Å² and m²", 12: "µm² and m²", 6: "mm² and m²", 4: "cm² and m²", 2: "mm² and cm²"}
CUBES = {30: "Å³ and m³", 9: "mm³ and m³", 6: "cm³ and m³"}
CONSTANTS: tuple[tuple[str, str, float, float], ...] = (
    ("degrees-radians", "degrees and radians are mixed up: a factor of 180/π", 180 / math.pi, 3.0),
    ("degrees-radians", "degrees and radians are mixed up: a factor of π/180", math.pi / 180, 3.0),
    ("two-pi", "a factor of 2π", 2 * math.pi, 4.0),
    ("two-pi", "a factor of 1/(2π)", 1 / (2 * math.pi), 4.0),
    ("pi", "a factor of π", math.pi, 5.0),
    ("pi", "a factor of 1/π", 1 / math.pi, 5.0),
    ("four-pi-squared", "a factor of (2π)²", 4 * math.pi**2, 6.0),
    ("four-pi-squared", "a factor of 1/(2π)²", 1 / (4 * math.pi**2), 6.0),
    ("four-pi-squared", "a factor of 4π", 4 * math.pi, 7.0),
    ("four-pi-squared", "a factor of 1/(4π)", 1 / (4 * math.pi), 7.0),
    ("four-pi-squared", "a factor of π²", math.pi**2, 8.0),
    ("four-pi-squared", "a factor of 1/π²", 1 / math.pi**2, 8.0),
    ("factor-two", "a factor of 2", 2.0, 3.0),
    ("factor-two", "a factor of 1/2", 0.5, 3.0),
    ("factor-two", "a factor of 4", 4.0, 5.0),
    ("factor-two", "a factor of 1/4", 0.25, 5.0),
    ("root-two", "a factor of √2", math.sqrt(2), 6.0),
    ("root-two", "a factor of 1/√2", math.sqrt(0.5), 6.0),
    ("root-two", "a factor of √3", math.sqrt(3), 8.0),
    ("root-two", "a factor of 1/√3", 1 / math.sqrt(3), 8.0),
    ("fwhm-sigma", "width and standard deviation are mixed up: 2√(2 ln 2)", 2 * math.sqrt(2 * math.log(2)), 7.0),
    ("fwhm-sigma", "width and standard deviation are mixed up: 1/(2√(2 ln 2))", 0.5 / math.sqrt(2 * math.log(2)), 7.0),
    ("sphere-volume", "a factor of 4π/3, the volume of a sphere", 4 * math.pi / 3, 8.0),
    ("sphere-volume", "a factor of 3/(4π), the volume of a sphere", 3 / (4 * math.pi), 8.0),
)
COUNTS = (
    *("Na", "Nb", "Nc", "steps", "oversample", "sources", "phisteps", "mosaic_domains"),
    *("said_oversample", "said_sources", "said_phisteps", "said_domains", "said_layers"),
)
TRUE = 1.0  # bits for a statement that is true whatever its cause


def scaled(data: Data, factor: float) -> tuple[list[float], list[float]]:
    """Every reference value times `factor`, with errors."""
    return [p.r * factor for p in data.flat], [abs(factor) * p.r_error for p in data.flat]


def ratio(data: Data) -> tuple[float, float] | None:
    """candidate/reference at the largest component, and how far it may be off relatively; None where there
    is none.
    """
    pair = data.strongest()
    value = pair.c / pair.r if pair.r else 0.0
    if not 1e-60 < abs(value) < 1e60:  # a zero, an infinity or no number on either side, too
        return None
    return value, pair.r_error / abs(pair.r) + pair.c_error / abs(pair.c) + 1e-15


def near(value: float, factor: float, off: float) -> bool:
    """Whether the ratio may be this factor."""
    return abs(value / factor - 1) <= off * 1.01


def _guess(data: Data, kind: str, text: str, factor: float, cost: float, least: float = 8.0) -> Guess:
    return Guess(kind, text, *scaled(data, factor), cost, least)


def sign(data: Data) -> Iterator[Guess]:
    """All components are negated."""
    vector = len(data.flat) > 1
    yield _guess(data, "sign", "the sign is reversed", -1.0, 2.0, TRUE if vector else 4.0)


def power_of_ten(data: Data) -> Iterator[Guess]:
    """A unit prefix, also together with a reversed sign."""
    found = ratio(data)
    if found is None:
        return
    value, off = found
    exponent = round(math.log10(abs(value)))
    if exponent == 0 or abs(exponent) > 40 or not near(abs(value), 10.0**exponent, off):
        return
    units = _unit_pairs(data.unit).get(abs(exponent))
    text = f"a factor of 1e{exponent}" + (f": as between {units}" if units else "")
    cost = 3.0 if units else 6.0
    length = data.unit in ("m", "mm", "Å")  # lengths come in units a factor of ten apart: short ones are told too
    least = TRUE if abs(exponent) >= 3 else 0.0 if length else 4.0
    if value > 0:
        yield _guess(data, "power-of-ten", text, 10.0**exponent, cost, least - 2 * (abs(exponent) >= 3))
    else:
        yield _guess(data, "power-of-ten", text + ", and the sign is reversed", -(10.0**exponent), cost + 3, least)


def _unit_pairs(unit: str) -> dict[int, str]:
    """Units that are so many powers of ten apart, of the quantity's dimension; of any, where it has no unit."""
    if "²" in unit:
        return SQUARES
    if "³" in unit:
        return CUBES
    return UNITS if unit else CUBES | SQUARES | UNITS


def constant(data: Data) -> Iterator[Guess]:
    """A factor of the table above, with either sign."""
    found = ratio(data)
    if found is None:
        return
    value, off = found
    for kind, text, factor, cost in CONSTANTS:
        if near(abs(value), factor, off):
            negative = value < 0
            said = text + (", and the sign is reversed" if negative else "")
            least = 3.0 if kind == "factor-two" and data.counted else 8.0
            yield _guess(data, kind, said, math.copysign(factor, value), cost + 3 * negative, least)


def small_ratio(data: Data) -> Iterator[Guess]:
    """A ratio of small whole numbers: 3, 1/8, 2/3.

    The strongest component alone speaks for the ratio: what the others show is that the factor is common.
    """
    found = ratio(data)
    if found is None:
        return
    value, off = found
    minus = value < 0
    for over in range(1, 13):
        top = round(abs(value) * over)
        if 1 <= top <= 1000 and math.gcd(top, over) == 1 and near(abs(value), top / over, off):
            if top * over in (1, 2, 4):  # these have kinds of their own
                return
            name = str(top) if over == 1 else f"{top}/{over}"
            cost = 6 + 2 * math.log2(top * over) + 2 * minus
            yield _shown_once(data, f"a factor of {'-' * minus}{name}", math.copysign(top / over, value), cost)
            return
    inverse = round(1 / abs(value))
    if 13 <= inverse <= 1000 and near(1 / abs(value), inverse, off):
        cost = 6 + 2 * math.log2(inverse) + 2 * minus
        yield _shown_once(data, f"a factor of {'-' * minus}1/{inverse}", math.copysign(1 / inverse, value), cost)


def _shown_once(data: Data, text: str, factor: float, cost: float) -> Guess:
    pair = data.strongest()
    bits = evidence(pair, pair.c_error + abs(factor) * pair.r_error)
    return replace(_guess(data, "small-ratio", text, factor, cost), bits=bits)


def counts(data: Data) -> Iterator[Guess]:
    """N cells along an axis, their product, powers of these; steps and other whole numbers that the traces
    hold.
    """
    found = ratio(data)
    if found is None:
        return
    value, off = found
    minus = value < 0
    known = whole_numbers(data)
    cells = [known[name] for name in ("Na", "Nb", "Nc") if name in known]
    if len(cells) == 3:
        known["Na·Nb·Nc"] = math.prod(cells)
    for name, count in known.items():
        cost = 3.0 if name in data.needed else 4 + math.log2(6 * len(known))
        for power in (1, -1, 2, -2, 3, -3):
            if near(abs(value), count**power, off):
                factor = math.copysign(count**power, value)
                raised = f"({name})" if "·" in name and power != 1 else name
                raised += {2: "²", 3: "³"}.get(abs(power), "")
                shown = raised if power > 0 else f"1/{raised}"
                kind = "cells" if name in ("Na", "Nb", "Nc", "Na·Nb·Nc") else "count"
                text = f"a factor of {'-' * minus}{shown} = {factor:.6g}"
                yield _guess(data, kind, text, factor, cost + abs(power) + 2 * minus)


def whole_numbers(data: Data) -> dict[str, float]:
    """Whole numbers from 2 to below 1e9 that the traces hold or that were inferred, by name."""
    found: dict[str, float] = {}
    for view in (data.compared.a, data.compared.b):
        for name, value in view.parameters.items():
            if name != "pixel_mm" and 1 < value < 1e9 and value == int(value):
                found.setdefault(name, value)
        for name in COUNTS:
            for record in view.records(name)[:1]:
                for number in record.numbers[:1]:
                    if 1 < number < 1e9 and number == int(number):
                        found.setdefault(name, number)
    return found


def other_quantity(data: Data) -> Iterator[Guess]:
    """A factor equals another quantity, its inverse, square or root: one that is missing, or multiplied
    twice.
    """
    if ratio(data) is None:
        return
    known = list(_factors(data))
    for name, factors, extra in known:
        cost = 5 + (0.0 if name == "pixel_mm" else math.log2(8 * len(known))) + extra
        for power, kind, text in (
            (-1.0, "missing-factor", "lacks a factor {q}"),
            (1.0, "extra-factor", "has {q} as one factor too many"),
            (-2.0, "missing-factor", "lacks a factor {q}²"),
            (2.0, "extra-factor", "has {q}² as a factor too many"),
            (-0.5, "missing-square", "has √{q} as a factor where {q} belongs, or lacks √{q}"),
            (0.5, "missing-square", "has √{q} as a factor too many"),
            (-3.0, "missing-factor", "lacks a factor {q}³"),
            (3.0, "extra-factor", "has {q}³ as a factor too many"),
        ):
            guess = _by(data, factors, power, cost + abs(power) - 4 * (name in data.needed))
            if guess is not None:
                values, errors, paid = guess
                said, bits = "the candidate " + text.format(q=name), _bits_of_whole(data, factors, errors)
                yield Guess(kind, said, values, errors, paid, bits=bits)


def _bits_of_whole(data: Data, factors: list[Pair], errors: list[float]) -> float | None:
    """What speaks for one whole number as the factor: the strongest component alone, as for any ratio of such numbers.

    Otherwise a factor of 3 would be any quantity that happens to be 3.
    """
    first = factors[0].r
    if not first.is_integer() or any(f.r != first for f in factors):
        return None
    strongest = data.strongest()
    return evidence(strongest, strongest.c_error + errors[data.flat.index(strongest)])


def _factors(data: Data) -> Iterator[tuple[str, list[Pair], float]]:
    """Scalars of the reference along the records, with what they cost: at the same place, kept from the first one, and
    the pixel's edge in metres.
    """
    view = data.compared.a
    for name in view.groups:
        if name == data.name or echoed(name):
            continue
        along = scalars_along(data, name)
        if along is not None and not all(abs(f.r) in (0.0, 1.0) for f in along):
            yield name, along, 0.0
        first = _kept(data, name)
        if first is not None and (along is None or any(f.r != first.r for f in along)):
            yield name, [first] * len(data.rows), 2.0
    size = view.parameters.get("pixel_mm") or next((r.numbers[0] for r in view.records("pixel_mm") if r.numbers), 0.0)
    if size:
        yield "pixel_mm", [_exactly(size / 1000, 0.0)] * len(data.rows), -2.0


def echoed(name: str) -> bool:
    """Whether a quantity is a console line that repeats a value: no code reads it."""
    return name.startswith("said_")


def _kept(data: Data, name: str) -> Pair | None:
    """The first value of a scalar where the quantity keeps one value too, or the one that all its records hold."""
    found = data.compared.a.records(name)
    if not all(_is_scalar(r) for r in found) or abs(found[0].numbers[0]) in (0, 1):
        return None
    if any(r.numbers != found[0].numbers for r in found):  # it varies: is what the quantity keeps made with its first?
        kept = {a.numbers for a, _ in data.records}
        if len(data.records) == 1 or len(kept) > 1:
            return None
    return _known(data.compared.a, found[0])


def _by(data: Data, factors: list[Pair], power: float, cost: float) -> tuple[list[float], list[float], float] | None:
    values, errors = list[float](), list[float]()
    for index, pair in enumerate(data.flat):
        f = factors[index // data.width]
        try:
            factor = f.r**power
            slope = abs(power) * f.r_error / abs(f.r)
            value = pair.r * factor
        except (ValueError, OverflowError, ZeroDivisionError):
            return None
        if isinstance(value, complex) or not abs(pair.c - value) <= abs(value) * 0.01 + pair.c_error + pair.r_error:
            return None  # far off already: the rest need not be computed
        values.append(value)
        errors.append(abs(factor) * pair.r_error + abs(value) * slope)
    return values, errors, cost


def scalars_along(data: Data, name: str) -> list[Pair] | None:
    """The value of the scalar `name` of the reference at each record of the quantity; None where there is
    not one each.
    """
    view = data.compared.a
    found: list[Pair] = []
    for reference, _ in data.records:
        related = view.related(name, reference)
        if len(related) != 1 or not _is_scalar(related[0]):
            return None
        found.append(_known(view, related[0]))
    return found


def _is_scalar(record: Record) -> bool:
    return len(record.numbers) == len(record.values) == 1


def _known(view: View, record: Record) -> Pair:
    """The number of a scalar, known to its last printed digit and its rounding."""
    (number,), (half,), (floor,) = record.numbers, view.half(record), view.floor(record)
    return _exactly(number, half + 2 * floor)


def _exactly(number: float, error: float) -> Pair:
    return Pair(number, number, error, error)


def axis_signs(data: Data) -> Iterator[Guess]:
    """Single components of a vector are negated."""
    if data.width > 3:
        yield from _one_negated(data)
    elif data.width > 1:
        yield from _some_negated(data)


def _some_negated(data: Data) -> Iterator[Guess]:
    for flipped in _subsets(data.width):
        names = " and ".join("xyz"[i] for i in flipped)
        values = [-p.r if i % data.width in flipped else p.r for i, p in enumerate(data.flat)]
        text = f"the sign of {names} is reversed"
        yield Guess("component-sign", text, values, [p.r_error for p in data.flat], 2.5, 0.0)


def _one_negated(data: Data) -> Iterator[Guess]:
    """One of many numbers, as of a list of angles."""
    for flipped in range(data.width):
        values = [-p.r if i % data.width == flipped else p.r for i, p in enumerate(data.flat)]
        text = f"the sign of number {flipped + 1} is reversed"
        yield Guess("component-sign", text, values, [p.r_error for p in data.flat], 4.0, 0.0)


def _subsets(width: int) -> Iterator[tuple[int, ...]]:
    if width == 2:
        yield from ((0,), (1,))
    else:
        yield from ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))


def permuted(data: Data) -> Iterator[Guess]:
    """The components of a vector change places, also with reversed signs."""
    if data.width not in (2, 3):
        return
    identity = tuple(range(data.width))
    for order in permutations(identity):
        if order == identity:
            continue
        kind = "swap" if sum(a != b for a, b in zip(order, identity, strict=True)) == 2 else "axis-permutation"
        for negated in product((False, True), repeat=data.width):
            places = list(zip(order, negated, strict=True))
            values = [-row[k].r if minus else row[k].r for row in data.rows for k, minus in places]
            errors = [row[k].r_error for row in data.rows for k in order]
            letters = "".join("-" * minus + "xyz"[k] for k, minus in places)
            text = f"the components are exchanged: {'xyz'[: data.width]} became {letters}"
            yield Guess(kind, text, values, errors, 7.0 if any(negated) else 4.0, TRUE)
