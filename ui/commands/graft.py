"""`firstbad graft REFERENCE [CANDIDATE]`: replace quantities by the reference's values and see what heals."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tracer.errors import FirstbadError
from ..kinds import are_stores, is_store, refuse_missing
from ..output import DIFFERENT, SAME, console, say_json

if TYPE_CHECKING:
    from ...bisect.axes.grafts import Healing
    from ...sim.grafted import Rerun
    from ...tracer.catalogue import Catalogue
    from ...tracer.graft_formulas import Formulas
    from ...tracer.store import Pixels, Store


@dataclass
class Setting:
    """What a graft can be tried on, of how many pixels, and how it is done."""

    grafts: Formulas | Rerun
    pixels: int
    how: str
    alone: tuple[int, int] = (0, 0)
    """Pixels that only the reference or the candidate holds."""
    ours: bool = True
    """Whether the traces are nanoBragg's, so that its simulator could run in place of the candidate."""


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
        simulator runs with its taps replaced. Origins are replaced from the inputs down: what then still differs
        lay behind them. --quantity tries just these together. Exit 0 healed (or nothing to heal), 1 not, 2 trouble.
        """
        from ..known import SHIPPED, choose

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
        known, note = choose(catalogue, None, *map(Path, filter(None, (reference, candidate))))
        refuse_missing(reference, *map(Path, filter(None, (candidate,))))
        if candidate:
            are_stores(reference, Path(candidate), "graft between")
        if note:
            raise FirstbadError(
                f"no formula leads from one value to another: {note}",
                remedy="describe your program in a catalogue (docs/catalogue.md) and give it with --catalogue",
                slug="graft-no-catalogue",
            )
        with tempfile.TemporaryDirectory() as folder:
            setting = (
                _offline(reference, Path(candidate), known)
                if candidate
                else _simulated(reference, args or [], known, Path(folder))
            )
            setting.ours = catalogue is None or str(catalogue) == SHIPPED
            return _answer(setting, known, quantity, min(enough, 1 - 1e-9), as_json=as_json)  # sums round


def _answer(setting: Setting, known: Catalogue, quantity: list[str] | None, enough: float, *, as_json: bool) -> int:
    from ...bisect.axes.grafts import heal, together

    if quantity:
        names = [known.canonical(name) for name in quantity]
        for name in names:
            if why := setting.grafts.obstacle(name):
                raise FirstbadError(
                    f"{name} cannot be grafted: {why}",
                    remedy="choose a quantity it is computed from",
                    slug="graft-impossible",
                )
        found = together(setting.grafts, names)
    else:
        found = heal(setting.grafts, known)
    healed = found.same or (bool(found.origins) and found.healed >= enough)
    differing = setting.grafts.differing() if found.same else ()
    if as_json:
        say_json({**_row(found, setting, healed=healed), "differing": list(differing)})
    else:
        _page(found, setting, differing, healed=healed)
    return SAME if healed else DIFFERENT


def _row(found: Healing, setting: Setting, *, healed: bool) -> dict[str, object]:
    return {
        "heals": healed,
        "quantities": list(found.quantities),
        "healed": found.healed,
        "intensity_itself": found.itself,
        "healed_without_it": found.without if found.itself else None,
        "error_before": found.before,
        "error_after": found.after,
        "origins": [
            {
                "quantity": o.name,
                "with": list(o.with_),
                "healed": o.healed,
                "gain": o.gain,
                "idle": o.idle,
                "unsure": list(o.unsure),
            }
            for o in found.origins
        ],
        "impossible": found.barred,
        "pixels": setting.pixels,
        "only_pixels": dict(zip(("reference", "candidate"), setting.alone, strict=True)),
        "how": setting.how,
        "runs": found.runs,
    }


def _page(found: Healing, setting: Setting, differing: Sequence[str], *, healed: bool) -> None:
    from rich.text import Text

    from ..render_graft import healing_lines, nothing_line
    from ..render_stores import lone_pixels

    out = console()
    lone = list(lone_pixels(setting.alone))
    if found.same:
        for line in (nothing_line(differing, _pixels(setting)), *lone):
            out.print(line, soft_wrap=True)
        return
    for line in healing_lines(found, _pixels(setting), healed=healed, ours=setting.ours):
        out.print(line, soft_wrap=True)
    for line in lone:
        out.print(line, soft_wrap=True)
    out.print(Text(setting.how, style="dim"), soft_wrap=True)


def _pixels(setting: Setting) -> str:
    from ..values import count

    return count(setting.pixels, "pixel")


# ---- the torch simulator ----------------------------------------------------------------------------------------


def _simulated(reference: Path, args: Sequence[str], known: Catalogue, folder: Path) -> Setting:
    import numpy as np

    from ...sim.grafted import Rerun
    from ...sim.many import prepare
    from ...tracer.graft_formulas import no_intensity

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
    if "I_pixel_final" not in map(known.canonical, store.names):
        raise no_intensity(reference)
    return Setting(Rerun(many, store, known, folder), len(store), "the torch simulator ran with its taps replaced")


def _as_store(path: Path, folder: Path, shape: tuple[int, int]) -> Store:
    """The store at `path`, or one of the single trace there."""
    if is_store(path):
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


# ---- recorded values only ---------------------------------------------------------------------------------------


def _offline(reference: Path, candidate: Path, known: Catalogue) -> Setting:
    import math

    from ...tracer.graft_formulas import Formulas, no_intensity
    from ...tracer.text import read

    if are_stores(reference, candidate, "graft between"):
        formulas = Formulas.of_stores(_open(reference), _open(candidate), known)
    else:
        formulas = Formulas.of([(read(reference), read(candidate))], known)
    if math.isnan(formulas.error(frozenset())):
        raise no_intensity(reference)
    how = "nothing was run: formulas carried the recorded values on"
    return Setting(formulas, len(formulas.pixels), how, formulas.alone)
