"""The comparison of two stores as the data of its page: the causes, the maps as data URIs, every quantity."""

from __future__ import annotations

import shlex
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...tracer.diff import Role
from ..pictures import paint
from ..render_stores import lone_lines
from .graph import pictures
from .words import command, grafting, sides, stores_verdict

if TYPE_CHECKING:
    from ...tracer.catalogue import Catalogue
    from ...tracer.store import Store
    from ...tracer.store_judge import StoresDiff

_PROGRAMS = {"reference": "reference", "firstbad.sim": "sim"}
"""What `firstbad trace` calls the program that a store says it is of."""


def stores_data(
    diff: StoresDiff, reference: Store, candidate: Store, catalogue: Catalogue, options: Sequence[str] = ()
) -> dict[str, Any]:
    """The data of a page about two stores; `options` are the user's, for the commands that it proposes."""
    parts = _parts(diff, catalogue)
    maps, legend = paint(reference, candidate, diff, catalogue)
    return {
        "kind": "stores",
        "verdict": stores_verdict(diff),
        "sides": sides(*((str(store.path), len(store), "pixel") for store in (reference, candidate))),
        "result": diff.as_dict(),
        "lone": list(lone_lines(diff, everything=True)),
        "parts": parts,
        "graph": pictures(parts, catalogue),
        "shape": list(diff.screened.shape),
        "maps": {name: _uri(png) for name, png in maps.items()},
        "commands": [
            _commands(pixel, () if diff.sampling else names, (reference, candidate), options)
            for names, _, pixel in diff.causes
        ],
        "legend": [{"colour": f"#{r:02x}{g:02x}{b:02x}", "says": says} for (r, g, b), says in legend],
    }


def _parts(diff: StoresDiff, catalogue: Catalogue) -> dict[str, str]:
    """What the judge calls an origin is one; a quantity that only rounding moves agrees where nothing else differs."""
    causes = {name for names, _, _ in diff.causes for name in names}
    parts: dict[str, str] = {}
    for column in diff.screened.columns:
        name = catalogue.canonical(column.name)
        differs = column.diverging and causes
        parts[name] = str(Role.ORIGIN if name in causes else Role.INHERITED if differs else Role.AGREES)
    unpaired = diff.sampling.unpaired if diff.sampling is not None else ()
    for name in (*diff.screened.only_reference, *diff.screened.only_candidate, *unpaired):
        parts[catalogue.canonical(name)] = str(Role.MISSING)
    return parts


def _commands(
    pixel: tuple[int, int], names: Sequence[str], stores: tuple[Store, Store], options: Sequence[str]
) -> list[dict[str, str]]:
    """What to type to look closer at one cause: graft it, and trace its pixel where the stores tell their arguments.

    Without `names` nothing can be grafted.
    """
    paths = [str(store.path) for store in stores]
    quantities = [word for name in names for word in ("--quantity", name)]
    question = "how much of the error heals with the reference's values?"
    found = [command(question, "graft", *paths, *quantities, *grafting(options))] if quantities else []
    for store in stores:
        side = _PROGRAMS.get(store.facts.get("program", ""))
        if side and "args" in store.facts:
            words = ("trace", side, "--pixel", f"{pixel[0]},{pixel[1]}", "--", *shlex.split(store.facts["args"]))
            found.append(command(f"its trace by the {'simulator' if side == 'sim' else side}", *words))
    return found


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode()
