"""Small wrong edits of a module, one at a time: what a test that means something must notice.

Not edited: docstrings, annotations, imports, decorators, assertions, the labels of an Enum, the text of messages
(strings with a space in them and the literal parts of f-strings), and `strict=` of zip, a seat belt only.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}  # fmt: skip
_OPPOSITES = (
    ("min", "max"), ("any", "all"), ("floor", "ceil"), ("argmin", "argmax"), ("minimum", "maximum"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("startswith", "endswith"), ("sin", "cos"),
)  # fmt: skip
OPPOSITE = {**dict(_OPPOSITES), **{b: a for a, b in _OPPOSITES}}


@dataclass(frozen=True)
class Mutant:
    """One edit. `id` survives edits elsewhere in the file: function, what became what, the how-many-th of that."""

    id: str
    function: str
    lines: tuple[int, int]
    """Where it is executed; (0, 0) for what runs at import: constants, fields of a class."""
    apply: Callable[[], None]
    """Makes the edit in the tree that the mutant was listed from; there is no way back."""


@dataclass(frozen=True)
class _Place:
    """Where the walk stands: inside which function, which statement, and what kind of thing is around."""

    function: str = ""
    lines: tuple[int, int] = (0, 0)
    inside: bool = False


def mutants(tree: ast.Module) -> list[Mutant]:
    """All edits of a module, in the order of its text."""
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for place, before, after, apply in _walk(tree, _Place()):
        name = f"{place.function or 'module'}: {before}  ->  {after}"
        seen[name] = seen.get(name, 0) + 1
        lines = place.lines if place.inside else (0, 0)
        found.append(Mutant(f"{name}  #{seen[name]}", place.function, lines, apply))
    return found


def mutants_of(path: Path) -> list[Mutant]:
    """All edits of a file; the tree is read anew, so that one of them can be applied."""
    return mutants(ast.parse(path.read_text(encoding="utf-8")))


_Edit = tuple[_Place, str, str, Callable[[], None]]


def _walk(node: ast.AST, place: _Place) -> Iterator[_Edit]:
    """The edits of every child of `node`, each before those inside it."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "format_spec", "ctx"):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _left_out(node, name, child):
                continue
            here = _enter(place, node, child)
            put = _putter(node, name, index if isinstance(value, list) else None)
            for new in _edits(child, node, name):
                yield (
                    here,
                    _text(child),
                    _text(new),
                    lambda put=put, new=new, old=child: put(ast.copy_location(new, old)),
                )
            yield from _walk(child, here)


def _putter(node: ast.AST, name: str, index: int | None) -> Callable[[ast.AST], None]:
    def put(new: ast.AST) -> None:
        if index is None:
            setattr(node, name, new)
        else:
            getattr(node, name)[index] = new
        ast.fix_missing_locations(new)

    return put


def _left_out(parent: ast.AST, name: str, child: ast.AST) -> bool:
    if isinstance(child, ast.Import | ast.ImportFrom | ast.Assert) or _is_text(child):
        return True
    if isinstance(child, ast.ClassDef):
        return any(isinstance(base, ast.Name) and base.id.endswith("Enum") for base in child.bases)
    if isinstance(child, ast.Assign):
        return isinstance(child.targets[0], ast.Name) and child.targets[0].id == "__all__"
    if isinstance(child, ast.AnnAssign):
        return isinstance(child.annotation, ast.Name) and child.annotation.id == "TypeAlias"
    if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
        return True
    return (isinstance(child, ast.keyword) and child.arg == "strict") or (isinstance(parent, ast.JoinedStr) and (
        isinstance(child, ast.Constant)
    ))  # fmt: skip


def _is_text(node: ast.AST) -> bool:
    """A docstring: a string that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _enter(place: _Place, parent: ast.AST, child: ast.AST) -> _Place:
    function, lines, inside = (
        place.function,
        place.lines,
        place.inside or isinstance(child, ast.FunctionDef),
    )
    if isinstance(child, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{child.name}".lstrip(".")
    if isinstance(child, ast.stmt | ast.comprehension) or (isinstance(child, ast.expr) and not lines[1]):
        lines = _span(child)
    return _Place(function, lines, inside)


def _span(node: ast.AST) -> tuple[int, int]:
    """The lines whose execution means that the node was reached: of a compound statement its header alone."""
    if isinstance(node, ast.comprehension):
        return node.target.lineno, max(n.end_lineno or 0 for n in (node.target, node.iter, *node.ifs))
    start, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    body = getattr(node, "body", None)
    if isinstance(node, ast.stmt) and isinstance(body, list) and body:
        end = max(start, body[0].lineno - 1)
    return start, end


def _edits(node: ast.AST, parent: ast.AST, name: str) -> Iterator[ast.AST]:
    """What may stand in place of `node` itself; its parts are looked at on their own."""
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Break | ast.Continue):
        yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
    elif isinstance(node, ast.Expr):
        yield ast.Pass()
    elif isinstance(node, ast.Name) and node.id in ("min", "max", "any", "all"):
        yield ast.Name(OPPOSITE[node.id], node.ctx)
    elif isinstance(node, ast.Attribute) and node.attr in OPPOSITE and _is_function(node):
        yield ast.Attribute(node.value, OPPOSITE[node.attr], node.ctx)
    if _decides(node, parent, name):
        yield ast.UnaryOp(ast.Not(), node)  # type: ignore[arg-type]


def _is_function(node: ast.Attribute) -> bool:
    """Of math, of numpy or of a string: an attribute of ours that happens to be called `floor` has no opposite."""
    return node.attr.endswith("with") or (isinstance(node.value, ast.Name) and node.value.id in ("math", "np"))


def _comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    for index, op in enumerate(node.ops):
        for table in (NEGATED, BOUNDARY):
            if type(op) in table:
                ops = [*node.ops]
                ops[index] = table[type(op)]()
                yield ast.Compare(node.left, ops, node.comparators)


def _constants(node: ast.Constant) -> Iterator[ast.Constant]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)
    elif isinstance(value, str) and not any(c.isspace() for c in value):
        yield ast.Constant("XX" + value)


def _decides(node: ast.AST, parent: ast.AST, name: str) -> bool:
    """A condition that no other edit turns round: a plain value or call that is asked for its truth."""
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.NamedExpr)
    return plain and (name in ("test", "ifs") or isinstance(parent, ast.BoolOp))


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(copy.copy(node)).split())
    return text if len(text) <= 100 else text[:60] + " … " + text[-37:]
