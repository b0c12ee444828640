"""Matrices and places: transposed, inverse, rotated the other way, half a pixel off."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations_with_replacement, permutations, product

from .pattern_data import Data, Guess, Pair
from .pattern_factors import TRUE

Vector = tuple[float, float, float]
START = ": an index counted from another start"


def away(x: float) -> float:
    """Rounded to the nearest whole number, halves away from zero, as C's round() does."""
    return math.copysign(math.floor(abs(x) + 0.5), x)


ROUNDINGS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("rounded down", math.floor),
    ("rounded up", math.ceil),
    ("cut off towards zero", math.trunc),
    ("rounded half to even", round),
    ("rounded half away from zero", away),
)


def transposed(data: Data) -> Iterator[Guess]:
    """A matrix with rows and columns exchanged; for a rotation that is its inverse."""
    if data.width != 9:
        return
    order = [3 * (i % 3) + i // 3 for i in range(9)]
    values = [row[k].r for row in data.rows for k in order]
    errors = [row[k].r_error for row in data.rows for k in order]
    rotation = all(_orthonormal([p.r for p in row]) for row in data.rows)
    kind, text = ("transpose", "the matrix is transposed")
    if rotation:
        kind, text = ("inverse-rotation", "the rotation is inverted (its matrix transposed)")
    yield Guess(kind, text, values, errors, 2.0, TRUE)


def _orthonormal(m: list[float]) -> bool:
    rows = (m[0:3], m[3:6], m[6:])
    return all(abs(_dot(a, b) - (a is b)) < 1e-6 for a, b in combinations_with_replacement(rows, 2))


def transposed_vectors(data: Data) -> Iterator[Guess]:
    """Three vectors that are named alike (rot_a, rot_b, rot_c) are a matrix, too: its rows taken for its columns."""
    parts = data.name.split("_")
    mine = [part for part in parts if part in ("a", "b", "c")]
    if data.width != 3 or len(mine) != 1:
        return
    names = ["_".join(edge if part == mine[0] else part for part in parts) for edge in "abc"]
    rows = [vectors_along(data, name) for name in names]
    if any(row is None for row in rows):
        return
    at = "abc".index(mine[0])
    taken = [row[at] for record in zip(*(row or () for row in rows), strict=True) for row in record]
    text = "a, b and c as the rows of a matrix are transposed"
    yield Guess("transpose", text, [p.r for p in taken], [p.r_error for p in taken], 3.0)


def rows_and_columns(data: Data) -> Iterator[Guess]:
    """Rows or columns of a matrix change places."""
    if data.width != 9:
        return
    for order in permutations(range(3)):
        if order == (0, 1, 2):
            continue
        for what in ("rows", "columns"):
            index = [3 * order[i // 3] + i % 3 if what == "rows" else 3 * (i // 3) + order[i % 3] for i in range(9)]
            values = [row[k].r for row in data.rows for k in index]
            errors = [row[k].r_error for row in data.rows for k in index]
            text = f"the {what} of the matrix are exchanged: 123 became {''.join(str(k + 1) for k in order)}"
            yield Guess("matrix-order", text, values, errors, 5.0, TRUE)


def turned_back(data: Data) -> Iterator[Guess]:
    """A vector turned by the opposite angle: about a known axis, from a vector that the trace holds before
    turning.
    """
    if data.width != 3:
        return
    axes = list(_axes(data))
    names = [name for name in data.compared.a.groups if name != data.name]
    cost = 7 + math.log2(len(axes) + 1)
    for name in names:
        before = vectors_along(data, name)
        if before is None or not same_length(data, before):
            continue
        parent = 3 * (name in data.parents)
        for axis_name, axis in axes:
            text = f"turned by the opposite angle about {axis_name} (from {name})"
            yield _turned(data, before, axis, text, cost - parent)
        found = _shown_axis(data, name, before)
        if found is not None:
            text = f"turned by the opposite angle about the reference's own axis (from {name})"
            yield _turned(data, before, found, text, cost - parent)


def _turned(data: Data, before: list[tuple[Pair, ...]], axis: Vector, text: str, cost: float) -> Guess:
    values, errors = list[float](), list[float]()
    for row, b in zip(data.rows, before, strict=True):
        values += _opposite(row, b, axis)
        size = _norm([p.r for p in row])
        known = max((*(p.r_error for p in row), *(p.r_error for p in b)))
        # the angle is read from the two vectors: what they are known to, over what lies across the axis, comes in twice
        errors += [4 * known + 8e-16 * size] * 3
    return Guess("inverse-rotation", text, values, errors, cost)


def _shown_axis(data: Data, name: str, before: list[tuple[Pair, ...]]) -> Vector | None:
    """The axis of the reference's rotation, from how it turned this vector and one of its siblings (`b` beside `a`)."""
    turned = [p.r - q.r for p, q in zip(data.rows[0], before[0], strict=True)]
    for mine, other in (("a", "b"), ("b", "c"), ("c", "a")):
        theirs = _sibling(data, data.name, mine, other), _sibling(data, name, mine, other)
        if theirs[0] is None or theirs[1] is None:
            continue
        moved = [x - y for x, y in zip(theirs[0], theirs[1], strict=True)]
        axis = _cross(turned, moved)
        size = _norm(axis)
        if size > 0.05 * _norm(turned) * _norm(moved):
            return axis[0] / size, axis[1] / size, axis[2] / size
    return None


def _sibling(data: Data, name: str, mine: str, other: str) -> tuple[float, ...] | None:
    """The first record of the vector that is named alike for another cell edge: rot_b_angstroms for rot_a_angstroms."""
    parts = name.split("_")
    if parts.count(mine) != 1:
        return None
    found = data.compared.a.records("_".join(other if part == mine else part for part in parts))
    return found[0].numbers if found and len(found[0].numbers) == 3 else None


def _cross(a: Sequence[float], b: Sequence[float]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _norm(v: Sequence[float]) -> float:
    return math.sqrt(_dot(v, v))


def _axes(data: Data) -> Iterator[tuple[str, Vector]]:
    yield "x", (1.0, 0.0, 0.0)
    yield "y", (0.0, 1.0, 0.0)
    yield "z", (0.0, 0.0, 1.0)
    for name in ("spindle", "spindle_axis", "twotheta_axis"):
        for record in data.compared.a.records(name)[:1]:
            size = _norm(record.numbers)
            if len(record.numbers) == 3 and 0 < size < math.inf:
                yield name, (record.numbers[0] / size, record.numbers[1] / size, record.numbers[2] / size)


def vectors_along(data: Data, name: str) -> list[tuple[Pair, ...]] | None:
    """The reference's vector (or number) `name` at each record of the quantity; None where there is not one of
    equal width each.
    """
    view = data.compared.a
    found: list[tuple[Pair, ...]] = []
    for reference, _ in data.records:
        related = view.related(name, reference)
        if len(related) != 1 or len(related[0].numbers) != data.width or len(related[0].values) != data.width:
            return None
        record = related[0]
        errors = [h + 2 * f for h, f in zip(view.half(record), view.floor(record), strict=True)]
        found.append(tuple(Pair(v, v, e, e) for v, e in zip(record.numbers, errors, strict=True)))
    return found


def same_length(data: Data, before: list[tuple[Pair, ...]]) -> bool:
    """Whether the reference's vectors are as long as these and not all the same: they may be these, turned."""
    for row, b in zip(data.rows, before, strict=True):
        ours, theirs = _norm([p.r for p in row]), _norm([p.r for p in b])
        if ours == 0 or abs(ours - theirs) > 3e-5 * ours:
            return False
    return any(
        any(abs(p.r - q.r) > 1e-9 * abs(q.r) for p, q in zip(row, b, strict=True))
        for row, b in zip(data.rows, before, strict=True)
    )


def _opposite(row: tuple[Pair, ...], before: tuple[Pair, ...], axis: Vector) -> Vector:
    """`before` turned by minus the angle that takes it to `row` about the unit vector `axis`.

    With the parts along and across the axis: across' = 2 (across·û) û - turned, the mirror image of the
    turned part.
    """
    v, w = [p.r for p in before], [p.r for p in row]
    along, along_w = _dot(v, axis), _dot(w, axis)
    across = [a - along * u for a, u in zip(v, axis, strict=True)]
    turned = [a - along_w * u for a, u in zip(w, axis, strict=True)]
    square = _dot(across, across)
    if abs(along - along_w) > 3e-5 * _norm(v) or square == 0:
        return (math.nan, math.nan, math.nan)
    factor = 2 * _dot(across, turned) / square
    x, y, z = (along_w * u + factor * a - t for u, a, t in zip(axis, across, turned, strict=True))
    return (x, y, z)


def pixels_off(data: Data) -> Iterator[Guess]:
    """Half a pixel or a whole one: along the detector's axes for a vector, either way for a length."""
    sizes = list(_pixel_sizes(data))
    if not sizes or data.width not in (1, 3):
        return
    near, least = _prior(data)
    whole = _parts(data)
    for unit, size in sizes:
        for steps in product((0.0, *(s * part for part in whole for s in (1, -1))), repeat=1 if data.width == 1 else 2):
            if any(steps):
                offsets = _offsets(data, steps, size)
                if offsets is not None:
                    most = sum(whole[abs(s)] for s in steps if s)
                    kind = "one-pixel" if all(abs(s) in (0.0, 1.0) for s in steps) else "half-pixel"
                    values = [p.r + o for p, o in zip(data.flat, offsets, strict=True)]
                    said = ", ".join(
                        f"{s:+g} pixel along {a}" for s, a in zip(steps, ("fast", "slow"), strict=False) if s
                    )
                    text = said if data.width == 3 else f"{steps[0]:+g} pixel ({size:g} {unit} a pixel)"
                    yield Guess(kind, text, values, [p.r_error for p in data.flat], near + most, least)


def _prior(data: Data) -> tuple[float, float]:
    """Bits that any shift by pixels costs, and bits that it must be ahead: few where the quantity is made of pixels."""
    if "pixel_mm" in data.needed:
        return (0.5, 1.0) if data.width == 1 else (2.0, 2.0)
    return (4.0, 5.0) if data.width == 1 else (6.0, 5.0)


def _parts(data: Data) -> dict[float, float]:
    """Parts of a pixel by which one may be off, with their cost: halves, and with subpixels half of one, or one."""
    parts = {0.5: 0.5, 1.0: 1.0}
    for name in ("said_oversample", "oversample"):
        for record in data.compared.a.records(name)[:1]:
            count = record.numbers[0] if record.numbers else 1.0
            if 2 <= count < 100:
                parts = {0.5 / count: 1.0, 1.0 / count: 1.0, **parts}
    return parts


def _pixel_sizes(data: Data) -> Iterator[tuple[str, float]]:
    """The pixel's edge in metres and in millimetres."""
    for view in (data.compared.a, data.compared.b):
        size = view.parameters.get("pixel_mm")
        for record in view.records("pixel_mm")[:1]:
            size = record.numbers[0] if record.numbers else size
        if size:
            yield "m", size / 1000
            yield "mm", size
            return


def _offsets(data: Data, steps: tuple[float, ...], size: float) -> list[float] | None:
    if data.width == 1:
        return [steps[0] * size] * len(data.flat)
    fast, slow = (_axis(data, name) for name in ("fdet_vec", "sdet_vec"))
    if fast is None or slow is None:
        return None
    step = [size * (steps[0] * f + steps[1] * s) for f, s in zip(fast, slow, strict=True)]
    return [step[i % 3] for i in range(len(data.flat))]


def _axis(data: Data, name: str) -> tuple[float, ...] | None:
    for record in data.compared.a.records(name)[:1]:
        if len(record.numbers) == 3:
            return record.numbers
    return None


def index_off(data: Data) -> Iterator[Guess]:
    """An index or a position counted in pixels is off by a half or by one in every record; an input is neither."""
    known = data.compared.a.catalogue.get(data.name)
    if known is not None and known.kind == "input":
        return
    if abs(data.strongest().r) < 0.01 and not data.counted:
        return  # the reference would not show in the sum
    cost, least = (2.0, 1.0) if data.counted else (5.0, 4.0)
    for step in (0.5, -0.5, 1.0, -1.0):
        kind = "half-pixel" if abs(step) == 0.5 else "off-by-one"
        text = f"{step:+g} everywhere" + (START if abs(step) == 1 else "")
        yield Guess(kind, text, [p.r + step for p in data.flat], [p.r_error for p in data.flat], cost, least)


def offset(data: Data) -> Iterator[Guess]:
    """The same amount is added to every component, or to the same component of every record."""
    changed = [p for p in data.flat if not p.same]
    if len(data.flat) < 3 or len(changed) < 2:
        return
    first = max(changed, key=lambda p: abs(p.c - p.r))
    amount = first.c - first.r
    off = first.r_error + first.c_error
    if len(changed) == len(data.flat):
        values = [None if again else p.r + amount for p, again in zip(data.flat, data.repeats(first), strict=True)]
        text = f"the same {amount:+.6g} is added everywhere"
        yield Guess("offset", text, values, [p.r_error + off for p in data.flat], 14.0)
    if data.width > 1 and len(data.rows) > 1:
        yield _row_offset(data)


def added(data: Data) -> Iterator[Guess]:
    """Another quantity is added, or subtracted, once too often."""
    if data.width == 1:
        return
    names = [name for name in data.compared.a.groups if name != data.name]
    for name in names:
        rows = vectors_along(data, name)
        if rows is None:
            continue
        cost = 7 + math.log2(2 * len(names)) - 4 * (name in data.needed)
        more = [p for row in rows for p in row]
        for sign, text in ((1.0, "added once too often"), (-1.0, "subtracted")):
            values = [p.r + sign * q.r for p, q in zip(data.flat, more, strict=True)]
            errors = [p.r_error + q.r_error for p, q in zip(data.flat, more, strict=True)]
            yield Guess("offset", f"{name} is {text}", values, errors, cost)


def _row_offset(data: Data) -> Guess:
    """What the first record shows is claimed of the others where they are not its repetition: that proves nothing."""
    step = [(p.c - p.r, p.r_error + p.c_error) for p in data.rows[0]]
    values: list[float | None] = [None] * data.width
    errors = [0.0] * data.width
    for row in data.rows[1:]:
        shown_before = [abs(p.r - q.r) <= p.r_error + q.r_error for p, q in zip(row, data.rows[0], strict=True)]
        values += [
            None if again else p.r + amount for p, (amount, _), again in zip(row, step, shown_before, strict=True)
        ]
        errors += [p.r_error + off for p, (_, off) in zip(row, step, strict=True)]
    shown = ", ".join(f"{amount:+.4g}" for amount, _ in step)
    return Guess("offset", f"the same vector ({shown}) is added everywhere", values, errors, 16.0)


def wrong_rounding(data: Data) -> Iterator[Guess]:
    """A whole number was made from a traced fraction by another rule than the reference's."""
    if not all(p.r.is_integer() and p.c.is_integer() for p in data.flat):
        return
    names = data.parents or tuple(data.compared.a.groups)
    cost = 0.0 if data.parents else math.log2(len(names))  # any of many fractions rounds to 0
    for name in names:
        fractions = _fractions(data, name)
        if fractions is None or not _rounds(data, fractions):
            continue
        for text, f in ROUNDINGS:
            said = f"{name} is {text} where the reference rounds to the nearest"
            yield Guess("integer-truncation", said, [float(f(x)) for x in fractions], None, cost, 1.0)


def _fractions(data: Data, name: str) -> list[float] | None:
    rows = vectors_along(data, name) if name != data.name else None
    return [p.r for row in rows for p in row] if rows is not None else None


def _rounds(data: Data, fractions: list[float]) -> bool:
    return all(abs(p.r - x) <= 0.5 + 1e-9 for p, x in zip(data.flat, fractions, strict=True)) and any(
        not x.is_integer() for x in fractions
    )
