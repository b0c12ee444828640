"""Which catalogue judges: the one that was named, else nanoBragg's, unless the traces are of another program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError

if TYPE_CHECKING:
    from ..tracer.catalogue import Catalogue
    from ..tracer.model import Trace

SHIPPED = "nanobragg"
_FIRST = 3000
"""Records of a trace whose names are looked at: a long trace repeats them."""


def choose(catalogue: Path | None, noise: Path | None, *traces: Path | Trace) -> tuple[Catalogue, str]:
    """The catalogue, and a note where nanoBragg's is left out because it hardly knows a name of the traces or stores.

    `--catalogue nanobragg` forces it. Without a catalogue order stands in for the graph.
    """
    from ..tracer.catalogue import Catalogue, load

    if catalogue is not None:
        return load(None if str(catalogue) == SHIPPED and not catalogue.exists() else catalogue, noise), ""
    known = load(None, noise)
    names = set(_names(traces))
    if known.suits(names):
        return known, ""
    found = sum(map(known.knows, names))
    note = (
        f"nanoBragg's catalogue, which knows {found or 'none'} of {len(names)} names, is not used "
        f"(--catalogue {SHIPPED} forces it)"
    )
    return Catalogue(measured=known.measured if noise is not None else {}), note


def _names(traces: Iterable[Path | Trace]) -> Iterator[str]:
    """The names in each, as far as they can be read: whoever reads all of it says what is wrong."""
    from ..tracer.pipes import kept
    from ..tracer.place import qualified
    from ..tracer.text import records

    for one in traces:
        if not isinstance(one, Path):
            yield from map(qualified, one.records)
        elif (one / "zarr.json").is_file():
            from ..tracer.store import open_store

            yield from open_store(one).names
        else:
            with suppress(OSError, FirstbadError), kept(one).open("rb") as lines:
                yield from map(qualified, islice(records(lines), _FIRST))
