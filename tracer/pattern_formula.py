"""The quantity's own formula, written wrongly: a factor too few or too many, a term or a rotation left out.

Where a quantity sums over what the trace holds, or is made of several others, no factor between the two sides explains
such a mistake: the formula itself, evaluated with the mistake in it, does.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import cast

from .at import At
from .catalogue import Quantity
from .closure import check_record
from .formula import Formula, Unknown, compile_formula
from .pattern_data import Data, Guess
from .uncertain import parts

ROTATIONS = ("about_x", "about_y", "about_z")
MOST_FACTORS = 10
SLACK = 4.0  # times the error bound of a formula's value, as in a closure
Variant = tuple[str, str, float, ast.expr]


def miswritten(data: Data) -> Iterator[Guess]:
    """Every formula of the quantity with one mistake in it, evaluated on the candidate."""
    known = data.compared.a.catalogue.get(data.name)
    if known is None or _follows(data, known):
        return
    seen, typed = set[str](), data.compared.a.catalogue.typed
    for alternative in known.values:
        if _evaluated(data, alternative.formula) is not None:
            continue  # no slip in it makes a difference: a factor that is 1, a term that is 0
        whole = ast.parse(alternative.formula.text.strip(), mode="eval").body
        # what was asked for is no slip in the quantity's own formula; to ignore it is one
        for kind, text, cost, tree in _lacking(whole, typed) if _reads(whole, typed) else _variants(whole):
            formula = compile_formula(ast.unparse(tree))
            if formula.text in seen:
                continue
            seen.add(formula.text)
            found = _evaluated(data, formula)
            if found is not None:
                yield Guess(kind, text, *found, cost)


def _follows(data: Data, known: Quantity) -> bool:
    """Whether every value of the candidate follows from one of the formulas that apply: then there is no slip."""
    return all(check_record(data.compared.b, candidate, known).holds for _, candidate in data.records)


def follows_alone(data: Data) -> bool:
    """Whether formulas give every value of the candidate, and not its length alone: a wrong value may have that."""
    known = data.compared.a.catalogue.get(data.name)
    told = [check_record(data.compared.b, candidate, known) for _, candidate in data.records] if known else []
    return bool(told) and all(one.holds and not one.invariant for one in told)


def _evaluated(data: Data, formula: Formula) -> tuple[list[float], list[float]] | None:
    """Its value and error along the candidate's records; None where it cannot be had, or is far off at once."""
    values, errors = list[float](), list[float]()
    for row, (_, candidate) in zip(data.rows, data.records, strict=True):
        try:
            term = formula(At(data.compared.b, candidate, {}))
        except (Unknown, ArithmeticError, ValueError):
            return None
        numbers = parts(term)
        if len(numbers) != data.width:
            return None
        for pair, number in zip(row, numbers, strict=True):
            if not abs(pair.c - number.v) <= SLACK * number.e + pair.c_error:
                return None
            values.append(number.v)
            errors.append(SLACK * number.e)
    return values, errors


def _variants(tree: ast.expr) -> Iterator[Variant]:
    """All ways to write it with one mistake; the tree itself is left as it is."""
    for path in _outermost(tree, _is_product):
        yield from _factors(tree, path)
    yield from _lacking(tree, frozenset())
    for path in _paths(tree):
        node = _at(tree, path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ROTATIONS:
            text = f"{node.func.id[-1]} is turned about by the opposite angle"
            yield "inverse-rotation", text, 5.0, _with(tree, (*path, "args", 0), ast.UnaryOp(ast.USub(), node.args[0]))
            yield (
                "unapplied",
                f"the rotation about {node.func.id[-1]} is left out",
                6.0,
                _with(tree, (*path, "args", 0), ast.Constant(0.0)),
            )


def _lacking(tree: ast.expr, asked: frozenset[str]) -> Iterator[Variant]:
    """All ways to leave out a term, if it is the one that reads the names `asked`; else any."""
    often = _reads(tree, asked)
    for path in _outermost(tree, _is_sum):
        yield from _terms(tree, path, lambda node: _reads(node, asked) == often)


def _reads(tree: ast.expr, names: frozenset[str]) -> int:
    """How often it reads one of the names."""
    return sum(isinstance(node, ast.Name) and node.id in names for node in ast.walk(tree))


def _factors(tree: ast.expr, path: tuple[str | int, ...]) -> Iterator[Variant]:
    """One factor left out or twice; two left out."""
    factors = _flat(_at(tree, path))
    named = [i for i, (node, _) in enumerate(factors) if not isinstance(node, ast.Constant)][:MOST_FACTORS]
    texts = [ast.unparse(node) for node, _ in factors]
    for i in named:
        over = factors[i][1]
        text = "the candidate is not divided by {q}" if over else "the candidate lacks a factor {q}"
        yield "missing-factor", text.format(q=texts[i]), 5.0, _with(tree, path, _product(factors, {i: 0}))
        text = "the candidate is divided by {q} once too often" if over else "the candidate has a factor {q} too many"
        yield "extra-factor", text.format(q=texts[i]), 6.0, _with(tree, path, _product(factors, {i: 2}))
    for i, j in combinations(named, 2):
        twins = all(texts.count(texts[k]) == 2 for k in (i, j)) and texts[i] != texts[j]
        kind = "missing-square" if twins else "missing-factor"
        text = f"the candidate lacks {texts[i]} and {texts[j]}" + (" where their squares belong" if twins else "")
        yield kind, text, 8.0, _with(tree, path, _product(factors, {i: 0, j: 0}))


def _terms(tree: ast.expr, path: tuple[str | int, ...], may: Callable[[ast.expr], bool]) -> Iterator[Variant]:
    """One term of a sum left out: a background, a correction. A mere number is another rule's: an index one off."""
    terms = _summed(_at(tree, path))
    for i in [i for i, (n, _) in enumerate(terms) if not isinstance(n, ast.Constant) and may(n)][:MOST_FACTORS]:
        text = f"the candidate lacks the term {ast.unparse(terms[i][0])}"
        yield "missing-term", text, 6.0, _with(tree, path, _sum(terms[:i] + terms[i + 1 :]))


def _summed(node: ast.expr, minus: bool = False) -> list[tuple[ast.expr, bool]]:
    """The terms of a sum, each with whether it is subtracted."""
    if not _is_sum(node):
        return [(node, minus)]
    assert isinstance(node, ast.BinOp)
    return _summed(node.left, minus) + _summed(node.right, minus != isinstance(node.op, ast.Sub))


def _sum(terms: list[tuple[ast.expr, bool]]) -> ast.expr:
    """The sum of these terms; it does not begin at 0, as the terms may be vectors."""
    (first, minus), *others = terms
    result: ast.expr = ast.UnaryOp(ast.USub(), copy.deepcopy(first)) if minus else copy.deepcopy(first)
    for node, minus in others:
        result = ast.BinOp(result, ast.Sub() if minus else ast.Add(), copy.deepcopy(node))
    return result


def _flat(node: ast.expr, over: bool = False) -> list[tuple[ast.expr, bool]]:
    """The factors of a product, each with whether it is divided by."""
    if not _is_product(node):
        return [(node, over)]
    assert isinstance(node, ast.BinOp)
    return _flat(node.left, over) + _flat(node.right, over != isinstance(node.op, ast.Div))


def _product(factors: list[tuple[ast.expr, bool]], times: dict[int, int]) -> ast.expr:
    """The product again, each factor as often as said (once unless said otherwise)."""
    result: ast.expr = ast.Constant(1.0)
    for index, (node, over) in enumerate(factors):
        for _ in range(times.get(index, 1)):
            result = ast.BinOp(result, ast.Div() if over else ast.Mult(), copy.deepcopy(node))
    return result


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)


def _is_sum(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _paths(node: ast.expr, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of an expression and of all that are in it."""
    yield here
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            yield from _paths(value, (*here, field))
        elif isinstance(value, list):
            for index, item in enumerate(cast(list[object], value)):
                if isinstance(item, ast.expr):
                    yield from _paths(item, (*here, field, index))


def _at(node: object, path: tuple[str | int, ...]) -> ast.expr:
    for step in path:
        node = node[step] if isinstance(step, int) else getattr(node, step)  # type: ignore[index]
    assert isinstance(node, ast.expr)
    return node


def _outermost(tree: ast.expr, kind: Callable[[ast.AST], bool]) -> list[tuple[str | int, ...]]:
    """Where a product, or a sum, stands that is no part of another one, which would tell of it."""
    found = [path for path in _paths(tree) if kind(_at(tree, path))]
    return [path for path in found if not (path and isinstance(path[-1], str) and kind(_at(tree, path[:-1])))]


def _with(tree: ast.expr, path: tuple[str | int, ...], new: ast.expr) -> ast.expr:
    """A copy of the tree with another expression at one place."""
    if not path:
        return new
    result = copy.deepcopy(tree)
    *before, last = path
    holder: object = result
    for step in before:
        holder = holder[step] if isinstance(step, int) else getattr(holder, step)  # type: ignore[index]
    if isinstance(last, int):
        cast(list[object], holder)[last] = new
    else:
        setattr(cast(object, holder), last, new)
    return result
