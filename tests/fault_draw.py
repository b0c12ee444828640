"""Draws faults: small changes of the expressions that the torch simulator computes with, by a seeded generator.

Nothing here knows the catalogue, the diff or its patterns: operators are exchanged, constants altered, arguments swapped,
signs turned, functions replaced, in whatever functions of the simulator's files do arithmetic.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FILES = (
    "scatter",
    "shape",
    "structure",
    "polarization",
    "absorption",
    "vec",
    "crystal",
    "detector",
    "sources",
    "resolve",
    "prng",
)
LINES = {
    "structure": ("table", "interpolated"),
    "polarization": ("thick", "beams", "cubic"),
    "absorption": ("thick", "square_sum"),
    "sources": ("beams",),
    "prng": ("mosaic",),
}
"""Command lines on which a file matters; the others are drawn from ANY."""
ANY = ("cubic", "triclinic", "phi", "mosaic", "tilted", "matrix", "square_sum", "round", "beams", "thick")
_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
}
_FUNCTIONS = {
    "sin": "cos",
    "cos": "sin",
    "sqrt": "abs",
    "ceil": "floor",
    "floor": "ceil",
    "plus": "minus",
    "minus": "plus",
    "over": "scaled",
}
_COMPONENTS = {"x": "y", "y": "z", "z": "x"}
_SKIP = frozenset({"flat", "shape", "from_cell_lengths", "misset_random", "draws", "pixel_counts"})


@dataclass(frozen=True)
class Mutation:
    """One drawn fault: the whole text of the changed file, and command lines that may show it, to be tried in order."""

    id: str
    file: str
    text: str
    lines: tuple[str, ...]


def mutations(texts: Mapping[str, str], chance: random.Random, count: int) -> Iterator[Mutation]:
    """`count` distinct mutations."""
    seen: set[tuple[str, str]] = set()
    while len(seen) < count:
        file = chance.choice(FILES)
        source = texts[file]
        tree = ast.parse(source)
        places = [node for function in _functions(tree) for node in _places(function)]
        node = chance.choice(places)
        old = ast.get_source_segment(source, node)
        new = _changed(node, chance)
        if old is None or new is None or new == old or (file, f"{node.lineno}{new}") in seen:
            continue
        seen.add((file, f"{node.lineno}{new}"))
        said = " ".join(f"{old} -> {new}".split())
        known = LINES.get(file, ANY)
        lines = tuple(chance.sample(known, min(4, len(known))))
        yield Mutation(
            f"drawn-{len(seen):03d} {file}:{node.lineno} {said}"[:110], file, _spliced(source, node, new), lines
        )


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name not in _SKIP:
            yield node


def _places(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Expressions that compute: not type hints, not subscripts, not strings."""
    for statement in function.body:
        for node in ast.walk(statement):
            if (
                (isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS and not isinstance(node.op, ast.BitOr))
                or (isinstance(node, ast.Constant) and isinstance(node.value, float))
                or (isinstance(node, ast.Attribute) and node.attr in _COMPONENTS and isinstance(node.ctx, ast.Load))
                or (isinstance(node, ast.Call) and _name(node.func) in (*_FUNCTIONS, "dot", "cross", "rotate_about"))
            ):
                yield node


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _changed(node: ast.expr, chance: random.Random) -> str | None:
    """The text of the expression with one small mistake."""
    if isinstance(node, ast.BinOp):
        return _operator(node, chance)
    if isinstance(node, ast.Constant):
        return f"({node.value!r} {chance.choice(('+ 1.0', '* 2.0', '* 0.5', '* -1.0', '* 10.0', '+ 0.5'))})"
    if isinstance(node, ast.Attribute):
        return f"{ast.unparse(node.value)}.{_COMPONENTS[node.attr]}"
    assert isinstance(node, ast.Call)
    if _name(node.func) in ("dot", "cross", "rotate_about"):
        first, second, *rest = (ast.unparse(a) for a in node.args)
        return f"{ast.unparse(node.func)}({', '.join((second, first, *rest))})"
    head, _, tail = ast.unparse(node.func).rpartition(_name(node.func))
    return f"{head}{_FUNCTIONS[_name(node.func)]}{tail}({', '.join(ast.unparse(a) for a in node.args)})"


def _operator(node: ast.BinOp, chance: random.Random) -> str:
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    kind = chance.randrange(4)
    if kind == 0:
        return f"(({left}))" if isinstance(node.op, ast.Mult | ast.Div) else f"(-({left}) + ({right}))"
    if kind == 1:
        return f"(-({ast.unparse(node)}))"
    symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
    other = chance.choice(_OPERATORS[type(node.op)])
    return f"(({left}) {symbol[other]} ({right}))"


def _spliced(source: str, node: ast.expr, new: str) -> str:
    """The source with the text of one expression replaced (columns of ast are bytes)."""
    lines = source.encode().splitlines(keepends=True)
    assert node.end_lineno is not None and node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    stop = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    whole = source.encode()
    return (whole[:start] + new.encode() + whole[stop:]).decode()
