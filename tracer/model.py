"""What a trace is: records, in order, and the manifest that seals them. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Value = float | str
Scope = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One value of one quantity in one place of the loop nest.

    `values` are the numbers in row-major order (a word such as MOSFLM stays a `str`), `tokens` the same
    as they were printed: the digits that a decimal shows are its resolution. From 2**53 on a number that was printed
    whole is an `int`, as no double holds them all. `shape` is () for a scalar, (3,) for a vector, (3, 3) for a matrix.
    `scope` holds what the line itself says about its place, e.g. (("phi_tic", "3"),). `occurrence` counts records of
    equal quantity and scope from 0. `prefix` is the word that began the line (one prefix, one print format), `labels`
    names the values where the line did: `X:0.1 Y:0.2`.
    """

    quantity: str
    values: tuple[Value, ...]
    tokens: tuple[str, ...]
    shape: tuple[int, ...] = ()
    scope: Scope = ()
    occurrence: int = 0
    unit: str = ""
    line: int = 0
    source: str = ""
    prefix: str = ""
    labels: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numeric values as doubles, words left out."""
        return tuple(float(v) for v in self.values if not isinstance(v, str))


HEADING = "a heading"
BARE = "nothing follows the prefix"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that carries TRACE but became no record, and why."""

    line: int
    text: str
    reason: str

    @property
    def lost(self) -> bool:
        """Whether it may hold a value that was lost: it is neither a heading nor a bare prefix."""
        return self.reason not in (HEADING, BARE)


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the run read, as the trace names it, with its size in bytes and the CRC-32 of its content."""

    name: str
    size: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run says outside its records: plain lines and the files that it read, as `Trace` has them."""

    plain: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a sealed trace says about itself: `facts` from its opening line, counts from its seal."""

    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    records: int = 0
    crc32: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """All records of one run for one pixel, in order. Without a manifest it is *unsealed* (a foreign log)."""

    records: tuple[Record, ...]
    name: str = ""
    manifest: Manifest | None = None
    skipped: tuple[Skipped, ...] = ()
    plain: tuple[str, ...] = ()
    """Lines without TRACE before the last record (the first two thousand): what the program says of its set-up."""
    inputs: tuple[Input, ...] = ()
    """The files that the run read, where the trace says so."""
    folder: str = ""
    """Where such files may lie: the directory of the log; "" where the trace came out of no file."""

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def sealed(self) -> bool:
        """Whether a manifest was read and agrees with the records."""
        return self.manifest is not None

    @property
    def facts(self) -> Mapping[str, str]:
        """What the opening line says about the run; empty for a foreign log."""
        return self.manifest.facts if self.manifest is not None else MappingProxyType({})

    def find(self, quantity: str) -> tuple[Record, ...]:
        """Every record of `quantity`, in order."""
        return tuple(r for r in self.records if r.quantity == quantity)
