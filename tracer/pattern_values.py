"""The candidate is a function of the reference, value by value: powers, functions, rounding, special
values.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator

from .pattern_data import DIGIT, Data, Guess, each, significant
from .pattern_factors import TRUE, ratio

Map = tuple[str, str, Callable[[float], float], Callable[[float], float], float]

POWERS: tuple[Map, ...] = (
    ("missing-square", "the square is missing: candidate = √reference", math.sqrt, lambda x: 0.5 / math.sqrt(x), 3.0),
    ("doubled-square", "squared once too often: candidate = reference²", lambda x: x * x, lambda x: 2 * x, 3.0),
    ("reciprocal", "candidate = 1/reference", lambda x: 1 / x, lambda x: 1 / x**2, 3.0),
    ("cube", "candidate = reference³", lambda x: x**3, lambda x: 3 * x * x, 6.0),
    ("cube", "candidate = ∛reference", math.cbrt, lambda x: math.cbrt(x) / x / 3, 6.0),
    ("reciprocal", "candidate = 1/reference²", lambda x: 1 / x**2, lambda x: 2 / x**3, 6.0),
    ("reciprocal", "candidate = 1/√reference", lambda x: 1 / math.sqrt(x), lambda x: 0.5 / math.sqrt(x) ** 3, 6.0),
    ("doubled-square", "candidate = reference⁴", lambda x: x**4, lambda x: 4 * x**3, 6.0),
    (
        "missing-square",
        "candidate = ⁴√reference",
        lambda x: math.sqrt(math.sqrt(x)),
        lambda x: 0.25 * math.sqrt(x) ** -1.5,
        7.0,
    ),
)


def _exchanged_energy(hc: float, unit: str) -> Map:
    """hc in eV Å as programs have it, between four digits and all of them."""
    known = hc if unit == "eV" else hc / 1000
    text = f"energy and wavelength are exchanged: {known:.13g} {unit} Å / reference"
    return "energy-wavelength", text, lambda x: known / x, lambda x: known / x**2, 7.0


FUNCTIONS: tuple[Map, ...] = (
    ("logarithm", "candidate = ln(reference)", math.log, lambda x: 1 / x, 5.0),
    ("logarithm", "candidate = log10(reference)", math.log10, lambda x: 0.44 / x, 6.0),
    ("logarithm", "candidate = ln(1 + reference)", math.log1p, lambda x: 1 / (1 + x), 7.0),
    ("exponential", "candidate = exp(reference)", math.exp, math.exp, 5.0),
    ("exponential", "candidate = exp(-reference)", lambda x: math.exp(-x), lambda x: math.exp(-x), 6.0),
    ("exponential", "candidate = 10^reference", lambda x: 10.0**x, lambda x: 2.31 * 10.0**x, 7.0),
    ("complement", "candidate = 1 - reference", lambda x: 1 - x, lambda _: 1.0, 3.0),
    (
        "sine-cosine",
        "sine and cosine are exchanged: candidate = √(1 - reference²)",
        lambda x: math.sqrt(1 - x * x),
        lambda x: x / math.sqrt(1 - x * x),
        5.0,
    ),
    ("trigonometric", "candidate = sin(reference)", math.sin, math.cos, 6.0),
    ("trigonometric", "candidate = cos(reference)", math.cos, math.sin, 6.0),
    ("trigonometric", "candidate = tan(reference)", math.tan, lambda x: 1 + math.tan(x) ** 2, 6.0),
    ("trigonometric", "candidate = arcsin(reference)", math.asin, lambda x: 1 / math.sqrt(1 - x * x), 7.0),
    ("trigonometric", "candidate = arccos(reference)", math.acos, lambda x: 1 / math.sqrt(1 - x * x), 6.0),
    ("trigonometric", "candidate = arctan(reference)", math.atan, lambda x: 1 / (1 + x * x), 7.0),
    ("angle-supplement", "candidate = 90° - reference", lambda x: 90 - x, lambda _: 1.0, 6.0),
    ("angle-supplement", "candidate = 180° - reference", lambda x: 180 - x, lambda _: 1.0, 6.0),
    ("angle-supplement", "candidate = π - reference", lambda x: math.pi - x, lambda _: 1.0, 6.0),
    ("angle-supplement", "candidate = π/2 - reference", lambda x: math.pi / 2 - x, lambda _: 1.0, 6.0),
    ("angle-wrapped", "one turn too many: candidate = reference + 360", lambda x: x + 360, lambda _: 1.0, 6.0),
    ("angle-wrapped", "one turn too few: candidate = reference - 360", lambda x: x - 360, lambda _: 1.0, 6.0),
    ("angle-wrapped", "one turn too many: candidate = reference + 2π", lambda x: x + 2 * math.pi, lambda _: 1.0, 6.0),
    ("angle-wrapped", "one turn too few: candidate = reference - 2π", lambda x: x - 2 * math.pi, lambda _: 1.0, 6.0),
    *(
        _exchanged_energy(hc, unit)
        for hc in (12398.4, 12398.42, 12398.4198, 12398.419843320026)
        for unit in ("eV", "keV")
    ),
    ("reciprocal-two-pi", "candidate = 2π / reference", lambda x: 2 * math.pi / x, lambda x: 6.3 / x**2, 6.0),
    ("reciprocal-two-pi", "candidate = 1 / (2π reference)", lambda x: 0.5 / math.pi / x, lambda x: 0.2 / x**2, 7.0),
)


SHORT = 9  # digits; what float32 leaves needs more, but for a few


def powers(data: Data) -> Iterator[Guess]:
    """Squares, roots, reciprocals."""
    yield from _maps(data, POWERS)


def functions(data: Data) -> Iterator[Guess]:
    """Logarithms, trigonometric functions, complements, supplements, exchanged units."""
    yield from _maps(data, FUNCTIONS)


def _maps(data: Data, table: tuple[Map, ...]) -> Iterator[Guess]:
    """The rows of a table whose function gives the candidate at the strongest component."""
    pair = data.strongest()
    for kind, text, f, slope, cost in table:
        try:
            value = f(pair.r)
        except (ValueError, OverflowError, ZeroDivisionError):
            continue
        if abs(pair.c - value) <= 1e-3 * abs(value) + pair.c_error + pair.r_error:
            yield Guess(kind, text, *each(data, f, slope), cost)


def scaled_reciprocal(data: Data) -> Iterator[Guess]:
    """1/reference in another unit."""
    found = ratio(data)
    if found is None:
        return
    pair = data.strongest()
    product = pair.c * pair.r
    if product <= 0:
        return
    exponent = round(math.log10(product))
    if exponent != 0 and abs(exponent) <= 40:
        factor = 10.0**exponent
        values, errors = each(data, lambda x: factor / x, lambda x: factor / x**2)
        yield Guess("reciprocal", f"candidate = 1e{exponent} / reference", values, errors, 9.0)


def single_precision(data: Data) -> Iterator[Guess]:
    """Every value went through a 32-bit or 16-bit float; short numbers are what they are."""
    if all(significant(p.c) < SHORT for p in data.flat if not p.same):
        return
    for kind, text, form, cost in (
        ("float32", "every value is rounded to float32 (24 bits)", "<f", 2.0),
        ("float16", "every value is rounded to float16 (11 bits)", "<e", 5.0),
    ):
        yield Guess(kind, text, [_through(p.r, form) for p in data.flat], None, cost)


def _through(value: float, form: str) -> float:
    """The nearest number of that format; infinite, as in a program, where it is too large for it."""
    try:
        return struct.unpack(form, struct.pack(form, value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def decimals(data: Data) -> Iterator[Guess]:
    """Rounded to a few decimals or digits, as by a format string.

    Only the digits that are left speak for it: any short number nearby would be the rounding of as many others.
    """
    if all(significant(p.c) > min(12, data.digits - 3) for p in data.flat if not p.same):
        return  # what the print format cuts off is no mistake
    if all(p.c.is_integer() for p in data.flat if math.isfinite(p.c)):
        return  # `whole` speaks of these; an index is whole by nature
    if all(abs(p.r - p.c) < 0.02 * _last_place(p.c) for p in data.flat if not p.same):
        return  # what was cut off is too little for the digits that are left: they are short by nature
    bits = DIGIT * sum(digits for _, digits in {(p.c, significant(p.c)) for p in data.flat if not p.same})
    for places in range(1, 10):
        values = [round(p.r, places) for p in data.flat]
        yield Guess("decimals", f"rounded to {places} decimals", values, None, 6.0, bits=bits)
    for digits in range(2, 12):
        values = [float(f"{p.r:.{digits}g}") for p in data.flat]
        yield Guess("decimals", f"rounded to {digits} digits", values, None, 6.0, bits=bits)


def _last_place(value: float) -> float:
    """What one in the last digit of a short number stands for."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return 10.0 ** (math.floor(math.log10(abs(value))) - significant(value) + 1)


def whole(data: Data) -> Iterator[Guess]:
    """Cut off or rounded to a whole number.

    Only the size of the number that is left speaks for it: 0, 1 and -1 come from everywhere.
    """
    if not all(p.c.is_integer() for p in data.flat if math.isfinite(p.c)):
        return
    if any(abs(p.c) >= 10.0 ** (data.digits - 3) for p in data.flat if math.isfinite(p.c)):
        return  # whole because no more digits were printed
    bits = sum(2 * math.log2(1 + abs(c)) for c in {p.c for p in data.flat if not p.same and math.isfinite(p.c)})
    for text, f in (
        ("cut off to a whole number", math.trunc),
        ("rounded down to a whole number", math.floor),
        ("rounded up to a whole number", math.ceil),
        ("rounded to a whole number", round),
    ):
        values = [float(f(p.r)) if math.isfinite(p.r) else math.nan for p in data.flat]
        yield Guess("integer-truncation", text, values, None, 5.0, bits=bits)


def absolute(data: Data) -> Iterator[Guess]:
    """The sign is lost, or negative values are cut off."""
    errors = [p.r_error for p in data.flat]
    if any(p.r < 0 for p in data.flat):
        yield Guess("absolute", "the sign is lost: candidate = |reference|", [abs(p.r) for p in data.flat], errors, 4.0)
        yield Guess("clamped", "negative values are cut off at 0", [max(0.0, p.r) for p in data.flat], errors, 5.0)
    if any(abs(p.r) > 1 for p in data.flat):
        values = [max(-1.0, min(1.0, p.r)) for p in data.flat]
        yield Guess("clamped", "values are cut off at 1", values, errors, 7.0)


def special(data: Data) -> Iterator[Guess]:
    """Zero, one, NaN or infinity everywhere."""
    count = len(data.flat)
    if any(math.isnan(p.c) for p in data.flat):
        values = [math.nan if math.isnan(p.c) else None for p in data.flat]
        part = "every value is" if None not in values else f"{count - values.count(None)} of {count} values are"
        yield Guess("nan", f"{part} NaN", values, None, 0.0, TRUE)
    if any(math.isinf(p.c) for p in data.flat):
        values = [p.c if math.isinf(p.c) else None for p in data.flat]
        yield Guess("infinite", "infinite where the reference is finite", values, None, 0.0, TRUE)
    least = TRUE if count > 1 else 2.0
    yield Guess("zeroed", "every value is zero", [0.0] * count, None, 1.0, least)
    yield Guess("one", "every value is 1: a factor that was never applied", [1.0] * count, None, 4.0, 6.0)
    if data.unit == "m" and all(math.log10(p.r) % 1 for p in data.flat if p.r > 0):
        yield Guess("one", "every value is 1 Å", [1e-10] * count, None, 5.0, 1.0)


def identity_matrix(data: Data) -> Iterator[Guess]:
    """A matrix was left at identity."""
    if data.width == 9:
        values = [1.0 if i % 9 in (0, 4, 8) else 0.0 for i in range(len(data.flat))]
        yield Guess("identity", "the matrix is the identity: the rotation is not applied", values, None, 2.0, TRUE)


def typed_constant(data: Data) -> Iterator[Guess]:
    """A constant of few digits that is nearly the reference's: typed in, or another edition of the same constant."""
    first, ours = data.flat[0].c, data.flat[0].r
    if data.width != 1 or any(p.c != first for p in data.flat) or any(p.r != ours for p in data.everything.flat):
        return  # what varies is no constant
    if abs(first - ours) > 1e-2 * abs(first) or first.is_integer():
        return
    known = data.compared.a.catalogue.get(data.name)
    tables = known is not None and known.kind == "constant"  # only those are tabulated, and squared
    for value, trusted, text, cost in (
        (first, ours, "{c}, a constant typed with {n} digits or from another table, not {r}", 6.0),
        (first**2, ours**2, "the square {c} is a constant typed with {n} digits or from another table, not {r}", 9.0),
    )[: 1 + tables]:
        shown, most = significant(float(f"{value:.13g}")), significant(trusted)
        if 3 <= shown <= min(12, data.digits - 3):
            said = text.format(c=f"{value:.13g}", n=shown, r=f"{trusted:.15g}")
            bits = DIGIT * (min(15, most + 1) - shown)
            yield Guess("typed-constant", said, [first] * len(data.flat), None, cost, 4.0, bits)


def default(data: Data) -> Iterator[Guess]:
    """One short number everywhere where the reference has measured ones: a default instead of a table's
    value.
    """
    first = data.flat[0].c
    if data.width != 1 or first == 1.0 or any(p.c != first for p in data.flat):
        return
    if not all(1 / 30 < first / p.r < 30 for p in data.flat if p.r != 0):
        return  # a default is of the table's kind
    known = data.compared.a.catalogue.get(data.name)
    if known is not None and known.kind != "input":
        return  # what is computed is looked up nowhere
    shown, most = significant(first), max(significant(p.r) for p in data.flat)
    told = [x for name in ("default_F", "said_default_F") for r in data.compared.a.records(name) for x in r.numbers]
    given, distinct = first in told, len({p.r for p in data.flat})
    if not given and (told or shown > 2 or most < shown + 2):
        return
    if not given and known is None and distinct < 2:
        return  # nothing says that it is looked up, and one value that became a short number may be anything
    text = f"{first:g}{' everywhere' * (len(data.flat) > 1)}: a default instead of the value from a table"
    cost = 3.0 if given else 4.0 + 3.4 * shown
    yield Guess("default", text, [first] * len(data.flat), None, cost, 2.0 if distinct > 1 or most >= 4 else 4.0)
