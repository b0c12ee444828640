"""The expression language of the catalogue: a formula over a trace's quantities, never arbitrary Python.

`(diffracted_vec - incident_vec)/lambda_angstroms`, `dot(a, b)`, `N if x == 0 else y`, `hkl_frac[0]`, `(u,
v, w)`. Arithmetic is element by element over vectors, a number spreads over a vector. `first(x)`, `last(x)`
evaluate x at the first or last record of its quantities, `total(x)` sums over all of them, `count(name)`
counts them, `index(name)` is the number (from 0) of the record here, `at(x, n)` evaluates x at record number n.
`lookup(table, indices, otherwise)` and `interpolated(table, indices, otherwise)` read a file that the run read,
`here(loop)` is the number that the record's scope gives for a loop, `sum(i, n, x)` adds x up for i = 0 … n - 1.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, Protocol, TypeAlias, TypeGuard, cast

from . import uncertain as u
from .formula_names import NoNameError, reserved
from .formula_sum import Counted
from .uncertain import Num, Term


class Unknown(Exception):  # noqa: N818  not a fault: the trace does not hold what the formula needs
    """A formula cannot be evaluated here; the message says what is missing."""


class TooLong(Unknown):
    """A formula is not evaluated, though the trace may hold all of it."""


class Table(Protocol):
    """Numbers by whole-number indices (tables.py)."""

    def lookup(self, index: Sequence[Num], otherwise: Num) -> Num:
        """The entry at `index`, or `otherwise`."""
        ...

    def interpolated(self, at: Sequence[Num], otherwise: Num) -> Num:
        """The cubic through the nearest entries."""
        ...


class Values(Protocol):
    """What a formula reads: a trace at one place of its loop nest."""

    def value(self, name: str) -> Term:
        """The quantity or parameter `name` here; Unknown where there is none or several."""
        ...

    def many(self, names: frozenset[str]) -> Sequence[Values]:
        """One view for each record of the innermost of `names`, in order."""
        ...

    def edge(self, names: frozenset[str], *, last: bool) -> Values:
        """The first or last of `many`; Unknown where there is none."""
        ...

    def nth(self, names: frozenset[str], place: int) -> Values:
        """Number `place` (from 0) of `many`; Unknown where there is none."""
        ...

    def place(self, name: str) -> int:
        """The number (from 0) in its loop of the record of `name` here."""
        ...

    def count(self, name: str) -> int:
        """How many records of `name` there are."""
        ...

    def table(self, name: str) -> Table:
        """The table in the file that `name` stands for; Unknown where it is not at hand."""
        ...

    def here(self, loop: str) -> int:
        """The number of the record in a loop of the nest, as its scope says it; 0 where it does not say."""
        ...


_ONE: dict[str, Callable[..., Any]] = {
    "sin": u.sin, "cos": u.cos, "exp": u.exp, "sqrt": u.sqrt, "abs": u.absolute, "ceil": u.ceil, "floor": u.floor,
    "float32": u.float32, "atan2": u.atan2, "sincg": u.sincg,
}  # fmt: skip
_VECTOR: dict[str, Callable[..., Any]] = {
    "dot": u.dot, "cross": u.cross, "norm": u.norm, "unit": u.unit, "matmul": u.matmul,
}  # fmt: skip
_TURN = "about"
_ROTATION: dict[str, Callable[..., Any]] = {"about_x": u.about_x, "about_y": u.about_y, "about_z": u.about_z}
_TABLE = ("lookup", "interpolated")
_PAIRS = ("atan2", "sincg", "dot", "cross", "matmul", "about", "at")
_PLACE = ("first", "last", "total", "count", "index", "at")
_HERE = "here"
_SUM = "sum"
_MOST_TERMS = 100_000
_LOOPS = frozenset(("layer", "subpixel", "source", "phi", "mosaic"))
FUNCTIONS = frozenset((*_ONE, *_VECTOR, *_ROTATION, *_PLACE, *_TABLE, _TURN, _HERE, _SUM))
CONSTANTS: Mapping[str, float] = {"pi": math.pi}
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.BoolOp, ast.Call, ast.Name, ast.Constant,
    ast.Subscript, ast.Tuple, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.And,
    ast.Or, ast.Not, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


Evaluate: TypeAlias = Callable[[Values], Term]
Decide: TypeAlias = Callable[[Values], bool]


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked expression: its text, the names it reads, and what computes it (built once, from the checked tree)."""

    text: str
    names: frozenset[str]
    evaluate: Evaluate
    decide: Decide

    def __call__(self, values: Values) -> Term:
        """Its value there; Unknown where something is missing, or is of another shape than the formula takes."""
        return self._given(self.evaluate, values)

    def true(self, values: Values) -> bool:
        """Whether a condition holds there; Unknown as above."""
        return self._given(self.decide, values)

    def _given(self, compute: Callable[[Values], Any], values: Values) -> Any:
        try:
            return compute(values)
        except (IndexError, ValueError) as error:
            raise Unknown(f"values of the shape that {self.text} takes") from error


@lru_cache(maxsize=1024)
def compile_formula(text: str) -> Formula:
    """Check `text`; ValueError says what in it is not allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        if word := reserved(text):
            raise NoNameError(f"{text!r} reads {word!r}, which Python keeps for itself") from None
        raise ValueError(f"{text!r} is no expression: {error.msg}") from None
    for node in ast.walk(tree):
        _check(node, text)
    return Formula(text, _names(tree.body), _term(tree.body), _truth(tree.body))


def _names(tree: ast.expr) -> frozenset[str]:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    called |= {id(node.args[0]) for node in ast.walk(tree) if _calls(node, _HERE)}
    counters = {node.args[0].id for node in ast.walk(tree) if _calls(node, _SUM) and isinstance(node.args[0], ast.Name)}
    names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)
    return frozenset(names) - CONSTANTS.keys() - counters


def _calls(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _check(node: ast.AST, text: str) -> None:
    if isinstance(node, ast.Attribute):
        raise NoNameError(f"{text!r} reads {ast.unparse(node)!r}, which is no name for a formula: it holds a point")
    if isinstance(node, ast.Lambda | ast.Yield | ast.YieldFrom | ast.Await):
        raise NoNameError(f"{text!r} reads {reserved(text)!r}, which Python keeps for itself")
    if not isinstance(node, _NODES):
        raise ValueError(f"{text!r} uses {type(node).__name__}, which a formula may not")
    if isinstance(node, ast.Call):
        _check_call(node, text)
    if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
        raise ValueError(f"{text!r} holds {node.value!r}, which is no number")
    if isinstance(node, ast.Subscript) and not (
        isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)
    ):
        raise ValueError(f"{text!r} takes a component by something else than a whole number")


def _check_call(node: ast.Call, text: str) -> None:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
        raise ValueError(f"{text!r} calls {ast.unparse(node.func)}, which is none of {', '.join(sorted(FUNCTIONS))}")
    if len(node.args) != (3 if node.func.id in (*_TABLE, _SUM) else 2 if node.func.id in _PAIRS else 1):
        raise ValueError(f"{text!r} calls {node.func.id} with the wrong number of arguments")
    first = node.args[0]
    if node.func.id in _TABLE and not isinstance(first, ast.Name):
        raise ValueError(f"{text!r} looks something up in what is no table")
    if node.func.id == _SUM and not isinstance(first, ast.Name):
        raise ValueError(f"{text!r} counts the terms of a sum by what is no name")
    if node.func.id == _HERE and not (isinstance(first, ast.Name) and first.id in _LOOPS):
        raise ValueError(f"{text!r} asks for a place in something else than {', '.join(sorted(_LOOPS))}")
    if node.func.id in ("count", "index") and not isinstance(node.args[0], ast.Name):
        raise ValueError(f"{text!r} counts something else than the records of a quantity")


def _term(node: ast.expr) -> Evaluate:
    """What computes the value of a node."""
    match node:
        case ast.Name(id=name) if name in CONSTANTS:
            return _constant(CONSTANTS[name])
        case ast.Name(id=name):
            return lambda values: values.value(name)
        case ast.Constant(value=number):
            return _constant(float(cast(float, number)))
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(_OPERATIONS[type(op)], _term(left), _term(right))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, arguments)
        case ast.Subscript(value=whole, slice=ast.Constant(value=index)):
            inner, at = _term(whole), cast(int, index)
            return lambda values: _component(inner(values), at)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _term(operand)
            return lambda values: _negated(inner(values))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _term(operand)
        case ast.Tuple(elts=elements):
            parts = [_term(element) for element in elements]
            return lambda values: tuple(_number(part(values)) for part in parts)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            asked, yes, no = _truth(test), _term(body), _term(orelse)
            return lambda values: yes(values) if asked(values) else no(values)
        case _:
            asked = _truth(node)
            return lambda values: Num(1.0 if asked(values) else 0.0)


def _called(name: str, arguments: list[ast.expr]) -> Evaluate:
    match arguments:
        case [ast.Name(id=loop)] if name == _HERE:
            return lambda values: Num(float(values.here(loop)))
        case [ast.Name(id=counter), number, term] if name == _SUM:
            return _summed(counter, _term(number), _term(term))
        case [ast.Name(id=table), index, otherwise] if name in _TABLE:
            return _looked_up(name, table, _term(index), _term(otherwise))
        case _:
            return _placed(name, arguments) if name in _PLACE else _call(name, [_term(a) for a in arguments])


def _constant(value: float) -> Evaluate:
    number = Num(value)
    return lambda values: number


def _negated(term: Term) -> Term:
    return -term if isinstance(term, Num) else tuple(-x for x in term)


def _component(term: Term, index: int) -> Num:
    vector = _vector(term)
    if index >= len(vector):
        raise Unknown(f"component {index} of a vector of {len(vector)}")
    return vector[index]


_OPERATIONS: Mapping[type[ast.operator], Callable[[Num, Num], Num]] = {
    ast.Add: Num.__add__, ast.Sub: Num.__sub__, ast.Mult: Num.__mul__, ast.Div: Num.__truediv__, ast.Pow: u.power,
}  # fmt: skip


def _binary(operation: Callable[[Num, Num], Num], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda values: _spread(operation, left(values), right(values))


def _spread(operation: Callable[[Num, Num], Num], left: Term, right: Term) -> Term:
    if isinstance(left, Num):
        if isinstance(right, Num):
            return operation(left, right)
        return tuple(operation(left, x) for x in right)
    if isinstance(right, Num):
        return tuple(operation(x, right) for x in left)
    if len(left) != len(right):
        raise Unknown("two vectors of different length")
    return tuple(map(operation, left, right))


def _call(name: str, arguments: list[Evaluate]) -> Evaluate:
    if name in _VECTOR:
        whole = _VECTOR[name]
        return lambda values: cast(Term, whole(*(_vector(argument(values)) for argument in arguments)))
    if name == _TURN:
        axis, angle = arguments
        return lambda values: u.about(_vector(axis(values)), _number(angle(values)))
    function = _ONE.get(name) or _ROTATION[name]
    if len(arguments) == 1 and name in _ONE:
        only = arguments[0]
        return lambda values: _each(function, only(values))
    return lambda values: cast(Term, function(*(_number(argument(values)) for argument in arguments)))


def _looked_up(how: str, name: str, index: Evaluate, otherwise: Evaluate) -> Evaluate:
    def found(values: Values) -> Num:
        table, at, default = values.table(name), _vector(index(values)), _number(otherwise(values))
        return table.lookup(at, default) if how == "lookup" else table.interpolated(at, default)

    return found


def _each(function: Callable[[Num], Num], term: Term) -> Term:
    return function(term) if isinstance(term, Num) else tuple(map(function, term))


def _placed(name: str, arguments: list[ast.expr]) -> Evaluate:
    names, inner = _names(arguments[0]), _term(arguments[0])
    if name in ("count", "index"):
        (only,) = names
        count = name == "count"
        return lambda values: Num(float(values.count(only) if count else values.place(only)))
    if name == "at":
        number = _term(arguments[1])
        return lambda values: inner(values.nth(names, _whole(_number(number(values)))))
    if name == "total":
        return lambda values: _total(inner, values.many(names))
    last = name == "last"
    return lambda values: inner(values.edge(names, last=last))


def _total(inner: Evaluate, views: Sequence[Values]) -> Term:
    if not views:
        raise Unknown("any record to sum over")
    total = inner(views[0])
    for view in views[1:]:
        total = _spread(Num.__add__, total, inner(view))
    return total


def _summed(counter: str, number: Evaluate, term: Evaluate) -> Evaluate:
    def total(values: Values) -> Term:
        count = _whole(_number(number(values)))
        if count > _MOST_TERMS:
            raise TooLong(f"a sum of {count} terms is not evaluated: more than {_MOST_TERMS} take too long")
        return reduce(
            lambda whole, i: _spread(Num.__add__, whole, term(Counted(values, counter, i))), range(count), Num(0.0)
        )

    return total


def _number(term: Term) -> Num:
    if isinstance(term, Num):
        return term
    raise Unknown("a vector where a number is needed")


def _vector(term: Term) -> tuple[Num, ...]:
    if isinstance(term, Num):
        raise Unknown("a number where a vector is needed")
    return term


def _truth(node: ast.expr) -> Decide:
    """What decides a condition."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            asked = [_truth(part) for part in parts]
            join = all if isinstance(op, ast.And) else any
            return lambda values: join(ask(values) for ask in asked)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _truth(operand)
            return lambda values: not inner(values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_term(side) for side in (left, *others)]
            tests = [_COMPARISONS[type(op)] for op in ops]
            return lambda values: _chain(tests, [_number(side(values)).v for side in sides])
        case _:
            term = _term(node)
            return lambda values: _one(_number(term(values)).v != 0)


_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


def _chain(tests: Sequence[Callable[[float, float], bool]], sides: Sequence[float]) -> bool:
    return all(_one(test(a, b)) for test, a, b in zip(tests, sides, sides[1:], strict=False))


def _one(told: Any) -> bool:
    """One decision; Unknown where the elements of an array (uncertain.py) decide otherwise."""
    if isinstance(told, bool):
        return told
    if bool(told.any()) is not bool(told.all()):
        raise Unknown("one decision for all")
    return bool(told.all())


def _whole(number: Num) -> int:
    """A place in a loop; Unknown where the elements of an array mean different ones."""
    if u.is_array(number.v):
        raise Unknown("one place for all")
    return round(number.v)
