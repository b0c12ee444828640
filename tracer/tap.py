"""The one line in a simulator that offers a value to whoever records.

`x = tap("F_cell", x)` gives `x` back. While nobody listens it does nothing else, also under torch.compile
(the global below is None, so a tracing compiler sees the identity function). A listener may note the value
(`recording`) or hand back another one: that is a *graft*.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
Listener = Callable[[str, Any, tuple[tuple[str, int], ...]], Any]
_listener: Listener | None = None


def tap(name: str, value: T, *scope: tuple[str, int]) -> T:
    """Offer `value` of the quantity `name` in `scope`; returns it, or what a graft puts in its place."""
    if _listener is None:
        return value
    return _listener(name, value, scope)


def listening() -> bool:
    """Whether a recorder or a graft is active in this process."""
    return _listener is not None


@contextmanager
def listen(listener: Listener) -> Generator[None, None, None]:
    """Make `listener` see every tap inside the block; it comes before a listener that is already there."""
    global _listener  # noqa: PLW0603  one listener per process is the point: a tap that is off costs one load
    outer = _listener

    def chained(name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        value = listener(name, value, scope)
        return value if outer is None else outer(name, value, scope)

    _listener = listener if outer is None else chained
    try:
        yield
    finally:
        _listener = outer


@dataclass(frozen=True, slots=True)
class Tapped:
    """One value as it came by: name, the object itself (a tensor keeps its graph), scope, source line."""

    name: str
    value: Any
    scope: tuple[tuple[str, int], ...]
    source: str


@dataclass(slots=True)
class Recorder:
    """Collects what the taps offer, in order."""

    taps: list[Tapped] = field(default_factory=list[Tapped])

    def __call__(self, name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        """Note one value and hand it back unchanged."""
        self.taps.append(Tapped(name, value, scope, _caller()))
        return value

    def last(self, name: str) -> Any:
        """The newest value of `name`; KeyError where it never came by."""
        for tapped in reversed(self.taps):
            if tapped.name == name:
                return tapped.value
        raise KeyError(name)


@contextmanager
def recording() -> Generator[Recorder, None, None]:
    """Collect every tap inside the block: `with recording() as recorder: simulate(...)`."""
    recorder = Recorder()
    with listen(recorder):
        yield recorder


def _caller() -> str:
    """File and line of the tap: the first frame outside this module and outside modules that set `__tap_helper__`."""
    frame = inspect.currentframe()
    while frame is not None and (frame.f_code.co_filename == __file__ or "__tap_helper__" in frame.f_globals):
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
