"""The expression language of the catalogue: a formula over a trace's quantities, never arbitrary Python.

`(diffracted_vec - incident_vec)/lambda_angstroms`, `dot(a, b)`, `N if x == 0 else y`, `hkl_frac[0]`, `(u, v, w)`.
Arithmetic is element by element over vectors, a number spreads over a vector. `first(x)`, `last(x)` evaluate x at the
first or last record of its quantities, `total(x)` sums over all of them, `count(name)` counts them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast

from . import uncertain as u
from .uncertain import Num, Term


class Unknown(Exception):  # noqa: N818  not a fault: the trace does not hold what the formula needs
    """A formula cannot be evaluated here; the message says what is missing."""


class Values(Protocol):
    """What a formula reads: a trace at one place of its loop nest."""

    def value(self, name: str) -> Term:
        """The quantity or parameter `name` here; Unknown where there is none or several."""
        ...

    def many(self, names: frozenset[str]) -> list[Values]:
        """One view for each record of the innermost of `names`, in order."""
        ...

    def count(self, name: str) -> int:
        """How many records of `name` there are."""
        ...


_ONE: dict[str, Callable[..., Any]] = {
    "sin": u.sin, "cos": u.cos, "exp": u.exp, "sqrt": u.sqrt, "abs": u.absolute, "ceil": u.ceil, "floor": u.floor,
    "float32": u.float32, "atan2": u.atan2, "sincg": u.sincg,
}  # fmt: skip
_VECTOR: dict[str, Callable[..., Any]] = {
    "dot": u.dot, "cross": u.cross, "norm": u.norm, "unit": u.unit, "matmul": u.matmul,
}  # fmt: skip
_ROTATION: dict[str, Callable[..., Any]] = {"about_x": u.about_x, "about_y": u.about_y, "about_z": u.about_z}
_PLACE = ("first", "last", "total", "count")
FUNCTIONS = frozenset((*_ONE, *_VECTOR, *_ROTATION, *_PLACE))
CONSTANTS: Mapping[str, float] = {"pi": math.pi}
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.BoolOp, ast.Call, ast.Name, ast.Constant,
    ast.Subscript, ast.Tuple, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.And,
    ast.Or, ast.Not, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked expression: its text, its tree and the names it reads."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    def __call__(self, values: Values) -> Term:
        """Its value there; Unknown where something is missing."""
        return _evaluate(self.tree, values)

    def true(self, values: Values) -> bool:
        """Whether a condition holds there; Unknown where something is missing."""
        return _truth(self.tree, values)


@lru_cache(maxsize=1024)
def compile_formula(text: str) -> Formula:
    """Check `text`; ValueError says what in it is not allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no expression: {error.msg}") from None
    names: set[str] = set()
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        _check(node, text)
        if isinstance(node, ast.Name) and node.id not in CONSTANTS and id(node) not in called:
            names.add(node.id)
    return Formula(text, tree.body, frozenset(names))


def _check(node: ast.AST, text: str) -> None:
    if not isinstance(node, _NODES):
        raise ValueError(f"{text!r} uses {type(node).__name__}, which a formula may not")
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
            raise ValueError(
                f"{text!r} calls {ast.unparse(node.func)}, which is none of {', '.join(sorted(FUNCTIONS))}"
            )
    if isinstance(node, ast.Constant) and (
        isinstance(node.value, bool) or not isinstance(node.value, int | float)
    ):
        raise ValueError(f"{text!r} holds {node.value!r}, which is no number")
    if isinstance(node, ast.Subscript) and not (
        isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)
    ):
        raise ValueError(f"{text!r} takes a component by something else than a whole number")


def _evaluate(node: ast.expr, values: Values) -> Term:
    """The value of a node: one short case each, in the order of how often they come."""
    match node:
        case ast.Name(id=name):
            return Num(CONSTANTS[name]) if name in CONSTANTS else values.value(name)
        case ast.Constant(value=number):
            return Num(float(cast(float, number)))
        case ast.BinOp(left=left, op=op, right=right):
            return _spread(op, _evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, arguments, values)
        case ast.Subscript(value=whole, slice=ast.Constant(value=index)):
            return _vector(_evaluate(whole, values))[cast(int, index)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _evaluate(operand, values)
            return -value if isinstance(value, Num) else tuple(-x for x in value)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand, values)
        case ast.Tuple(elts=elements):
            return tuple(_number(_evaluate(element, values)) for element in elements)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _evaluate(body if _truth(test, values) else orelse, values)
        case _:
            return Num(1.0 if _truth(node, values) else 0.0)


def _spread(op: ast.operator, left: Term, right: Term) -> Term:
    if isinstance(left, Num) and isinstance(right, Num):
        return _operate(op, left, right)
    size = len(left) if not isinstance(left, Num) else len(cast(tuple[Num, ...], right))
    lefts = (left,) * size if isinstance(left, Num) else left
    rights = (right,) * size if isinstance(right, Num) else right
    if len(lefts) != len(rights):
        raise Unknown("two vectors of different length")
    return tuple(_operate(op, a, b) for a, b in zip(lefts, rights, strict=True))


def _operate(op: ast.operator, a: Num, b: Num) -> Num:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
        case _:
            return u.power(a, b)


def _call(name: str, arguments: list[ast.expr], values: Values) -> Term:
    if name in _PLACE:
        return _placed(name, arguments[0], values)
    terms = [_evaluate(argument, values) for argument in arguments]
    if name in _VECTOR:
        return cast(Term, _VECTOR[name](*map(_vector, terms)))
    function = _ONE.get(name) or _ROTATION[name]
    if len(terms) == 1 and not isinstance(terms[0], Num):
        return tuple(_number(function(x)) for x in terms[0])
    return cast(Term, function(*map(_number, terms)))


def _placed(name: str, argument: ast.expr, values: Values) -> Term:
    names = (
        frozenset(n.id for n in ast.walk(argument) if isinstance(n, ast.Name)) - FUNCTIONS - CONSTANTS.keys()
    )
    if name == "count":
        return Num(float(values.count(next(iter(names)))))
    views = values.many(names)
    if not views:
        raise Unknown(f"no record of {', '.join(sorted(names))}")
    if name != "total":
        return _evaluate(argument, views[0 if name == "first" else -1])
    total = _evaluate(argument, views[0])
    for view in views[1:]:
        total = _spread(ast.Add(), total, _evaluate(argument, view))
    return total


def _number(term: Term) -> Num:
    if isinstance(term, Num):
        return term
    raise Unknown("a vector where a number is needed")


def _vector(term: Term) -> tuple[Num, ...]:
    if isinstance(term, Num):
        raise Unknown("a number where a vector is needed")
    return term


def _truth(node: ast.expr, values: Values) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_truth(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_truth(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _truth(operand, values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_number(_evaluate(side, values)) for side in (left, *others)]
            return all(_holds(op, a, b) for op, a, b in zip(ops, sides, sides[1:], strict=False))
        case _:
            return _number(_evaluate(node, values)).v != 0


def _holds(op: ast.cmpop, a: Num, b: Num) -> bool:
    match op:
        case ast.Eq():
            return a.v == b.v
        case ast.NotEq():
            return a.v != b.v
        case ast.Lt():
            return a.v < b.v
        case ast.LtE():
            return a.v <= b.v
        case ast.Gt():
            return a.v > b.v
        case _:
            return a.v >= b.v
