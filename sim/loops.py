"""A graph of elementwise tensor operations written as one C loop nest: rows, blocks of columns, orientations.

The graph is what `torch.export` makes of a function of two index tensors (slow and fast, one value per pixel)
and of other tensors, some of which have one entry per orientation; sums over the orientations run strictly from
the first to the last. Nothing here knows physics: what an operation means is what torch says, with the same
type promotion and the same roundings (compile without contraction into fused multiply-adds). Temporaries of a
block of columns stay in the first-level cache, and no memory is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import torch

PIXELS, ORIENTATIONS = 1009, 1013
"""Sizes of the two axes in the exported example; every dimension of another size has one entry per pixel."""
LANES = 64
"""Columns of a block: temporaries of this length, whole vectors, no remainder."""
SIGNATURE = (
    "void kernel(long first, long rows, long cols, long orientations, "
    "const void *const *in, float *image, double *omega)"
)
_BINARY = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}",
    "eq": "{} == {}", "ne": "{} != {}", "gt": "{} > {}", "ge": "{} >= {}", "lt": "{} < {}", "le": "{} <= {}",
    "__and__": "{} & {}", "bitwise_and": "{} & {}", "logical_and": "{} && {}",
    "__or__": "{} | {}", "bitwise_or": "{} | {}", "logical_or": "{} || {}",
}  # fmt: skip
_ROUNDED = {"sqrt": "sqrt", "ceil": "ceil", "floor": "floor", "abs": "fabs"}
_LIBRARY = frozenset({"sin", "cos", "exp"})
"""Calls that keep a loop from being vectorised: they get loops of their own."""
_CONSTANT = {"zeros_like": 0.0, "ones_like": 1.0, "new_ones": 1.0, "new_zeros": 0.0}
_VIEWS = frozenset({"reshape", "view", "expand", "unsqueeze", "squeeze", "alias", "contiguous"})
_TYPES = {torch.float32: "float", torch.float64: "double", torch.int64: "int", torch.int32: "int", torch.bool: "int"}
"""Indices fit 32 bits (`compiled.unfit`), which vectorise where 64 do not."""


class NoLoopError(RuntimeError):
    """The graph has an operation that is not written in C here; the message names it."""


def c_source(program: Any) -> str:
    """The C function `SIGNATURE` of an exported program with inputs (slow, fast, tensor, …) and two outputs.

    It computes `rows` rows of `cols` columns from row `first` on: float32 values of the first output into
    `image`, the sum of the second into `omega`. `in` holds the addresses of all inputs. Raises NoLoopError.
    """
    return _Writer(program.graph).text()


def _name(node: Any) -> str:
    """The operation's name without its overload."""
    return str(node.target).split(".")[1]


class _Writer:
    """Sorts the live nodes of a graph into loops and writes them."""

    def __init__(self, graph: Any) -> None:
        self.nodes = list(graph.nodes)
        self.inputs = [node for node in self.nodes if node.op == "placeholder"]
        self.outputs = list(self.nodes[-1].args[0])
        if self.nodes[-1].op != "output" or any(
            node.op not in ("placeholder", "call_function", "output") for node in self.nodes
        ):
            raise NoLoopError("the graph has constants")
        self.home: dict[Any, Any] = {}
        self.kept: set[Any] = set()

    def text(self) -> str:
        """The whole file."""
        body = list(self._blocks())
        uniform = [node for node in self._closure(self.outputs) if not self._axes(node) and self._computed(node)]
        return "\n".join(
            [
                "#include <math.h>",
                "#include <float.h>",
                f"enum {{ LANES = {LANES} }};",
                f"{SIGNATURE} {{",
                *self._pointers(),
                *(self._definition(node, None) for node in uniform),
                "double solid[LANES] __attribute__((aligned(64))) = {0};",
                "for (int row = (int)first; row < (int)(first + rows); row++)",
                "for (int start = 0; start < (int)cols; start += LANES) {",
                *(
                    f"{self._type(n)} k{n.name}[LANES] __attribute__((aligned(64)));"
                    for n in sorted(self.kept, key=str)
                ),
                *body,
                *self._results(),
                "}",
                "*omega = 0;",
                "for (int i = 0; i < LANES; i++) *omega += solid[i];",
                "}",
                "",
            ]
        )

    def _pointers(self) -> Iterator[str]:
        for place, node in enumerate(self.inputs[2:], 2):
            yield f"const {self._type(node)} *const {node.name} = in[{place}]; (void){node.name};"

    def _blocks(self) -> Iterator[str]:
        """Loops over the lanes of a block: what each sum needs, the sum itself, and what is left at the end."""
        done: set[Any] = set()
        live = self._closure(self.outputs)
        for goal in [*(node for node in live if _is_sum(node)), None]:
            wanted = self.outputs if goal is None else [goal.args[0]]
            closure = self._closure(wanted)
            flat = [
                n for n in closure if self._axes(n) == {"p"} and self._computed(n) and n not in done and not _is_sum(n)
            ]
            done.update(flat)
            for run in self._runs(flat, None):
                yield from self._loop(run)
            if goal is not None:
                yield from self._sum(goal, [n for n in closure if self._axes(n) == {"o", "p"} and self._computed(n)])

    def _runs(self, nodes: list[Any], goal: Any) -> list[list[Any]]:
        """Nodes in order, cut where calls of the library begin and end; `home` notes the run of each."""
        runs = [list(part) for _, part in groupby(nodes, key=lambda node: _name(node) in _LIBRARY)]
        for place, run in enumerate(runs):
            for node in run:
                self.home[node] = (goal, place, run[0])
        return runs

    def _sum(self, goal: Any, nodes: list[Any]) -> Iterator[str]:
        """The loop over orientations for one sum."""
        self.kept.add(goal)
        runs = self._runs(nodes, goal)
        term = self._source(goal.args[0])
        scalars = [n for n in self._closure([term]) if self._axes(n) == {"o"} and self._computed(n)]
        yield f"for (int i = 0; i < LANES; i++) k{goal.name}[i] = 0;"
        yield "for (long o = 0; o < orientations; o++) {"
        yield from (self._definition(node, None) for node in scalars)
        for run in runs:
            yield from self._loop(run, f"k{goal.name}[i] += {self._refer(term, run[0])};" if run is runs[-1] else "")
        if not runs:
            yield f"for (int i = 0; i < LANES; i++) k{goal.name}[i] += {self._refer(term, None)};"
        yield "}"

    def _loop(self, run: list[Any], last: str = "") -> Iterator[str]:
        yield "#pragma omp simd"
        yield "for (int i = 0; i < LANES; i++) {"
        for node in run:
            yield self._definition(node, run[0])
            if any(self.home.get(user) != self.home[node] for user in self._users(node)):
                self.kept.add(node)
                yield f"k{node.name}[i] = {node.name};"
        if last:
            yield last
        yield "}"

    def _results(self) -> Iterator[str]:
        value, omega = (self._refer(self._source(node), None) for node in self.outputs)
        yield "const int width = (int)cols - start < LANES ? (int)cols - start : LANES;"
        yield "#pragma omp simd"
        yield f"for (int i = 0; i < LANES; i++) solid[i] += i < width ? {omega} : 0;"
        yield f"for (int i = 0; i < width; i++) image[(row - first) * cols + start + i] = {value};"

    def _closure(self, goals: Iterable[Any]) -> list[Any]:
        """All nodes that `goals` are computed from, and themselves, in order."""
        found: set[Any] = set()
        waiting = [self._source(goal) for goal in goals]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(
                    self._source(n) for n in node.all_input_nodes if _name_or_input(node) not in _CONSTANT_NAMES
                )
        return [node for node in self.nodes if node in found]

    def _users(self, node: Any) -> Iterator[Any]:
        """Who reads a node, through views; None for an output."""
        for user in node.users:
            if user.op == "output":
                yield None
            elif _name(user) in _VIEWS:
                yield from self._users(user)
            elif not (_is_sum(user) and self.home.get(node, (None,))[0] is user):
                yield user

    def _source(self, node: Any) -> Any:
        """The node behind views."""
        while node.op == "call_function" and _name(node) in _VIEWS:
            node = node.args[0]
        return node

    def _computed(self, node: Any) -> bool:
        return node.op == "call_function" and _name(node) != "select"

    def _axes(self, node: Any) -> set[str]:
        """p where a node has an entry per pixel, o where it has one per orientation."""
        sizes = set(node.meta["val"].shape)
        return {axis for axis, size in (("p", PIXELS), ("o", ORIENTATIONS)) if size in sizes}

    def _type(self, node: Any) -> str:
        return _TYPES[node.meta["val"].dtype]

    def _definition(self, node: Any, run: Any) -> str:
        return f"const {self._type(node)} {node.name} = {self._expression(node, run)};"

    def _refer(self, node: Any, run: Any) -> str:
        """C for the value of a node, seen from the run that begins with `run`."""
        if node.op == "placeholder":
            place = self.inputs.index(node)
            if place < 2:
                return ("row", "(start + i)")[place]
            if node.meta["val"].numel() not in (1, ORIENTATIONS):
                raise NoLoopError("an input with entries of its own")
            return f"{node.name}[{'o' if 'o' in self._axes(node) else 0}]"
        if _name(node) == "select":
            source = self._source(node.args[0])
            if source.op != "placeholder" or source.meta["val"].dim() != 1 or self._axes(source):
                raise NoLoopError("select of a computed tensor")
            return f"{source.name}[{node.args[2]}]"
        if "p" not in self._axes(node):
            return node.name
        return node.name if node in self.home and run is not None and self.home[node][2] is run else f"k{node.name}[i]"

    def _expression(self, node: Any, run: Any) -> str:
        """C for the operation of a node; its operands are converted as torch promotes them."""
        name, args, kind = _name(node), node.args, self._type(node)
        if name == "full_like" or name in _CONSTANT:
            return _literal(args[1] if name == "full_like" else _CONSTANT[name], kind)

        def operand(value: Any, wanted: str) -> str:
            if not hasattr(value, "meta"):
                return _literal(value, wanted)
            source = self._source(value)
            text = self._refer(source, run)
            return text if self._type(source) == wanted else f"({wanted})({text})"

        if name in _BINARY or name == "rsub":
            if node.kwargs.get("alpha", 1) != 1 or len(args) > 2:
                raise NoLoopError(f"{node.target} with {node.kwargs}")
            a, b = (operand(value, self._promoted(args)) for value in (args[::-1] if name == "rsub" else args))
            return _BINARY["sub" if name == "rsub" else name].format(a, b)
        if name == "where":
            return f"{operand(args[0], 'int')} ? {operand(args[1], kind)} : {operand(args[2], kind)}"
        if name == "index":
            (offset,) = args[1]
            return f"{self._source(args[0]).name}[{operand(offset, 'int')}]"
        unary = _UNARY.get(name)
        if unary is None:
            raise NoLoopError(f"{node.target} is not written in C")
        return unary(operand(args[0], self._type(args[0]) if name == "to" else kind), kind, *args[1:], **node.kwargs)

    @staticmethod
    def _promoted(args: tuple[Any, ...]) -> str:
        a, b = (value.meta["val"] if hasattr(value, "meta") else value for value in args)
        return _TYPES[torch.result_type(a, b)]


_CONSTANT_NAMES = frozenset({*_CONSTANT, "full_like"})


def _name_or_input(node: Any) -> str:
    return _name(node) if node.op == "call_function" else ""


def _is_sum(node: Any) -> bool:
    """Whether a node adds up orientations; NoLoopError for any other sum."""
    if node.op != "call_function" or _name(node) != "sum":
        return False
    shape = node.args[0].meta["val"].shape
    if tuple(node.args[1]) != (0,) or tuple(shape) != (ORIENTATIONS, PIXELS):
        raise NoLoopError("a sum over something else than orientations")
    return True


def _literal(value: Any, kind: str) -> str:
    """A C constant with exactly the value that torch gives a Python number in this type."""
    if kind == "int":
        return str(int(value))
    number = float(np.float32(value)) if kind == "float" else float(value)
    suffix = "f" if kind == "float" else ""
    if math.isnan(number):
        return "NAN"
    return f"({'-' if number < 0 else ''}INFINITY)" if math.isinf(number) else f"({number.hex()}{suffix})"


def _clamp(x: str, kind: str, low: Any = None, high: Any = None, **named: Any) -> str:
    """A NaN stays one."""
    low, high = named.get("min", low), named.get("max", high)
    text = x
    if high is not None:
        text = f"({x} > {_literal(high, kind)} ? {_literal(high, kind)} : {text})"
    return text if low is None else f"({x} < {_literal(low, kind)} ? {_literal(low, kind)} : {text})"


def _nan_to_num(x: str, kind: str, nan: Any = 0.0, posinf: Any = None, neginf: Any = None, **named: Any) -> str:
    most = "FLT_MAX" if kind == "float" else "DBL_MAX"
    nan, posinf, neginf = named.get("nan", nan), named.get("posinf", posinf), named.get("neginf", neginf)
    top = most if posinf is None else _literal(posinf, kind)
    bottom = f"-{most}" if neginf is None else _literal(neginf, kind)
    return f"{x} != {x} ? {_literal(nan or 0.0, kind)} : {x} > {most} ? {top} : {x} < -{most} ? {bottom} : {x}"


def _call(function: str) -> Callable[..., str]:
    def text(x: str, kind: str) -> str:
        return f"{function}{'f' if kind == 'float' else ''}({x})"

    return text


_UNARY: dict[str, Callable[..., str]] = {
    **{name: _call(function) for name, function in _ROUNDED.items()},
    **{name: _call(name) for name in _LIBRARY},
    "reciprocal": lambda x, kind: f"{_literal(1, kind)} / {x}",
    "neg": lambda x, kind: f"-{x}",
    "bitwise_not": lambda x, kind: f"!{x}",
    "logical_not": lambda x, kind: f"!{x}",
    "to": lambda x, kind, *_: f"({kind})({x})",
    "_to_copy": lambda x, kind, **_: f"({kind})({x})",
    "clamp": _clamp,
    "nan_to_num": _nan_to_num,
}
