"""`firstbad graft REFERENCE [CANDIDATE]`: replace quantities by the reference's values and see what heals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tracer.errors import FirstbadError
from ..output import DIFFERENT, SAME, console, say_json

if TYPE_CHECKING:
    from ...bisect.axes.grafts import Healing
    from ...tracer.catalogue import Catalogue
    from ...tracer.model import Trace
    from ...tracer.store import Pixels, Store

PIXELS = 24
"""Pixels of a store whose traces are carried through the formulas one by one."""


@dataclass
class Setting:
    """What a graft can be tried on: how to run one, what stands against one, the suspects, and how it was done."""

    run: Callable[[frozenset[str]], float]
    obstacle: Callable[[str], str]
    suspects: tuple[str, ...]
    pixels: int
    how: str
    notes: Callable[[], list[str]] = field(default=list[str])


def register(app: typer.Typer) -> None:
    """Put `graft` on the application."""

    @app.command("graft")
    def graft(
        reference: Annotated[Path, typer.Argument(help="trace or store of the trusted program")],
        candidate: Annotated[str, typer.Argument(help="that of the port; none: the simulator, with ARGS")] = "",
        args: Annotated[list[str] | None, typer.Argument(help="the simulator's arguments, after --")] = None,
        quantity: Annotated[list[str] | None, typer.Option(help="replace this one (repeatable)")] = None,
        enough: Annotated[float, typer.Option(help="share of the error that counts as healed")] = 0.999,
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Put the reference's values in place of the candidate's: how much of the image error heals?

        With a CANDIDATE nothing is run: the catalogue's formulas carry the values on. With `-- ARGS` the torch
        simulator runs with its taps replaced. Every smallest set of origins that heals is looked for; --quantity
        tries just these together. Exit 0 healed (or nothing to heal), 1 not, 2 trouble.
        """
        from ...tracer.catalogue import load

        known = load(catalogue)
        if candidate.startswith("-"):
            candidate, args = "", [candidate, *(args or [])]
        if bool(candidate) == bool(args):
            raise FirstbadError(
                "there is no candidate" if not args else "there are two candidates",
                remedy="say firstbad graft REFERENCE CANDIDATE, or firstbad graft REFERENCE -- ARGS",
                slug="usage",
            )
        if not 0 < enough <= 1:
            raise FirstbadError(f"{enough:g} is no share", remedy="say --enough 0.999", slug="usage")
        with tempfile.TemporaryDirectory() as folder:
            setting = (
                _offline(reference, Path(candidate), known)
                if candidate
                else _simulated(reference, args or [], known, Path(folder))
            )
            return _answer(setting, quantity, min(enough, 1 - 1e-9), as_json=as_json)  # sums round


def _answer(setting: Setting, quantity: list[str] | None, enough: float, *, as_json: bool) -> int:
    from ...bisect.axes.grafts import Healing, healing_sets

    wanted = tuple(dict.fromkeys(quantity or setting.suspects))
    barred = {name: why for name in wanted if (why := setting.obstacle(name))}
    if quantity and barred:
        name, why = next(iter(barred.items()))
        raise FirstbadError(
            f"{name} cannot be grafted: {why}", remedy="choose a quantity it is computed from", slug="graft-impossible"
        )
    able = [name for name in wanted if name not in barred]
    before = setting.run(frozenset()) if wanted else 0.0
    if not before:
        found = Healing((), 1.0, 0.0, 0.0, 0)
    elif quantity:
        after = setting.run(frozenset(able))
        found = Healing((tuple(able),), 1 - after / before, before, after, 2)
    else:
        found = healing_sets(able, setting.run, enough)
    healed = not before or (bool(found.quantities) and found.healed >= enough)
    if as_json:
        say_json(_row(found, setting, barred, healed=healed))
    else:
        _page(found, setting, barred, healed=healed)
    return SAME if healed else DIFFERENT


def _row(found: Healing, setting: Setting, barred: dict[str, str], *, healed: bool) -> dict[str, object]:
    return {
        "heals": healed,
        "quantities": list(found.quantities),
        "sets": [list(one) for one in found.sets],
        "healed": found.healed,
        "error_before": found.before,
        "error_after": found.after,
        "alone": found.alone,
        "impossible": barred,
        "suspects": list(setting.suspects),
        "pixels": setting.pixels,
        "how": setting.how,
        "notes": setting.notes(),
        "runs": found.runs,
    }


def _page(found: Healing, setting: Setting, barred: dict[str, str], *, healed: bool) -> None:
    from rich.text import Text

    from ..values import count

    out = console()
    names = "; or by ".join(" and ".join(one) for one in found.sets)
    if not found.before:
        out.print(Text("SAME ", style="bold green") + Text(f"no origin at {count(setting.pixels, 'pixel')}"))
        return
    if healed:
        out.print(Text("HEALED ", style="bold green") + Text(f"by {names}: {_percent(found.healed)} of the error"))
    elif found.quantities:
        out.print(Text("NOT HEALED ", style="bold red") + Text(f"{names}: {_percent(found.healed)} of the error"))
    else:
        tried = "no quantity could be grafted" if not found.alone and not setting.suspects else "not even all together"
        out.print(Text("NOT HEALED ", style="bold red") + Text(tried))
    size = f"{found.before:.6g} to {found.after:.6g}"
    out.print(Text(f"  sum of |I - I(reference)| over {count(setting.pixels, 'pixel')}: {size}"), soft_wrap=True)
    for name, share in sorted(found.alone.items(), key=lambda pair: -pair[1]):
        out.print(Text(f"  {name} alone heals {_percent(share)}"), soft_wrap=True)
    for name, why in barred.items():
        out.print(Text(f"  {name} was not tried: {why}", style="yellow"), soft_wrap=True)
    for note in (setting.how, *setting.notes()):
        out.print(Text(note, style="dim"), soft_wrap=True)


def _percent(share: float) -> str:
    share = 0.0 if abs(share) < 1e-9 else share
    return f"{100 * share:.4g} %" if share > -10 else "less than nothing (the error grew)"


# ---- the torch simulator ----------------------------------------------------------------------------------------


def _simulated(reference: Path, args: Sequence[str], known: Catalogue, folder: Path) -> Setting:
    import numpy as np

    from ...sim.grafted import obstacle, values
    from ...sim.many import prepare, write_store
    from ...tracer.graft import image_error
    from ...tracer.store_judge import judge_stores

    held: list[Store] = []

    def choose(shape: tuple[int, int]) -> Pixels:
        held.append(_as_store(reference, folder, shape))
        return held[0].pixels

    many = prepare(args, choose)
    store = held[0]
    if not np.array_equal(many.pixels, store.pixels):
        raise FirstbadError(
            f"the simulator computes {len(many.pixels)} of the {len(store)} recorded pixels",
            remedy="trace the reference with the same -roi and -mask",
            slug="store-pixels-differ",
        )
    write_store(many, folder / "candidate.zarr")
    judged = judge_stores(store, _open(folder / "candidate.zarr"), known)
    names = {known.canonical(name): name for name in store.names}
    if "I_pixel_final" not in names:
        raise _no_intensity(reference)
    columns = {canonical: store.read(name) for canonical, name in names.items()}
    wanted = columns["I_pixel_final"][:, 0, 0]
    return Setting(
        lambda grafts: image_error(wanted[:, None], values(many, columns, grafts)[:, None]),
        lambda name: obstacle(many, name, columns.get(name)),
        tuple(name for cause, _, _ in judged.causes for name in cause),
        len(store),
        "the torch simulator ran with its taps replaced",
    )


def _as_store(path: Path, folder: Path, shape: tuple[int, int]) -> Store:
    """The store at `path`, or one of the single trace there."""
    if (path / "zarr.json").is_file():
        return _open(path)
    from ...tracer.store_text import write_logs
    from ...tracer.text import read

    found = read(path).facts.get("pixel", "").split(",")
    if len(found) != 2 or not all(word.isdecimal() for word in found):
        raise FirstbadError(
            f"{path} does not say which pixel it is of",
            remedy="use a sealed trace, such as `firstbad trace reference --pixel S,F -- ARGS` writes",
            slug="graft-no-pixel",
        )
    write_logs({(int(found[0]), int(found[1])): path}, folder / "reference.zarr", shape)
    return _open(folder / "reference.zarr")


def _open(path: Path) -> Store:
    from ...tracer.store import open_store

    return open_store(path)


def _no_intensity(path: Path) -> FirstbadError:
    return FirstbadError(
        f"{path} holds no final intensity, so there is no error to heal",
        remedy="trace the quantity that the catalogue calls final (I_pixel_final)",
        slug="graft-no-intensity",
    )


# ---- recorded values only ---------------------------------------------------------------------------------------


def _offline(reference: Path, candidate: Path, known: Catalogue) -> Setting:
    import math

    from ...tracer.diff import compare
    from ...tracer.graft_formulas import Formulas

    pairs = _pairs(reference, candidate, known)
    formulas = Formulas.of(pairs, known)
    if math.isnan(formulas.run(frozenset())):
        raise _no_intensity(reference)
    origins = [f.quantity for pair in pairs for f in compare(*pair, known).origins]

    def notes() -> list[str]:
        told: list[str] = []
        if formulas.assumed:
            names = ", ".join(sorted(formulas.assumed))
            told.append(f"assumed: {names} break their formula in the candidate, and were taken to change as it does")
        if formulas.looked_up:
            names = ", ".join(sorted(formulas.looked_up))
            told.append(f"not known: {names} have no formula, and stayed as the candidate has them")
        return told

    return Setting(
        formulas.run,
        formulas.obstacle,
        tuple(dict.fromkeys(origins)),
        len(pairs),
        "nothing was run: the catalogue's formulas carried the recorded values on",
        notes,
    )


def _pairs(reference: Path, candidate: Path, known: Catalogue) -> list[tuple[Trace, Trace]]:
    """(reference, candidate) at each pixel: the one of two logs, or the costliest of two stores."""
    from ...tracer.text import read

    stores = [(path / "zarr.json").is_file() for path in (reference, candidate)]
    if not any(stores):
        return [(read(reference), read(candidate))]
    if not all(stores):
        raise FirstbadError(
            "one of them is a store of many pixels and the other is none",
            remedy="graft between two stores, or two traces of one pixel",
            slug="store-and-trace",
        )
    a, b = _open(reference), _open(candidate)
    return [(a.trace(*place), b.trace(*place)) for place in _places(a, b, known)]


def _places(a: Store, b: Store, known: Catalogue) -> list[tuple[int, int]]:
    import numpy as np

    from ...tracer.pixels import costly_pixels
    from ...tracer.store_judge import final_image, judge_stores

    judged = judge_stores(a, b, known)
    images = final_image(a, known), final_image(b, known)
    if images[0] is None or images[1] is None:
        raise _no_intensity(a.path if images[0] is None else b.path)
    costly = costly_pixels(np.nan_to_num(images[0]), np.nan_to_num(images[1]), PIXELS, apart=0)
    causes = [place for _, _, place in judged.causes]
    here = [(int(s), int(f)) for s, f in a.pixels[:1]]  # equal stores: one pixel says so
    return list(dict.fromkeys([*causes, *((p.slow, p.fast) for p in costly)]))[:PIXELS] or here
