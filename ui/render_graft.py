"""What a graft heals, in lines: the answer, then each origin with what goes when it is replaced."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from ..bisect.axes.grafts import Healing, Origin

_LITTLE = 1e-6
"""A share of the error that is no number to read."""
_MOST = 3
"""Quantities that cannot be replaced, of which the reason is said."""


def healing_lines(found: Healing, pixels: str, *, healed: bool) -> Iterator[Text]:
    """The page of a graft, without how it was done."""
    yield _headline(found, healed=healed)
    yield Text(f"  sum of |I - I(reference)| over {pixels}: {found.before:.6g} to {found.after:.6g}")
    for origin in found.origins if not any(math.isnan(o.gain) for o in found.origins) else ():
        yield Text(f"  {_told(origin)}", style="dim" if origin.idle else "")
    yield from _assumed(found)
    for name, why in list(found.barred.items())[:_MOST]:
        yield Text(f"  {name} could not be replaced: {why}", style="yellow")
    if len(found.barred) > _MOST:
        more = ", ".join(list(found.barred)[_MOST:])
        yield Text(f"  nor could {more} (--json says why)", style="yellow")


def _headline(found: Healing, *, healed: bool) -> Text:
    names = ", ".join(found.quantities)
    if healed:
        return Text("HEALED ", style="bold green") + Text(f"by {names}: {percent(found.healed)} of the error")
    if found.origins:
        text = f"{names or 'what differs'}: {percent(found.healed)} of the error"
    else:
        text = "no quantity could be replaced" if found.barred else "no quantity that leads to the intensity differs"
    return Text("NOT HEALED ", style="bold red") + Text(text)


def _told(origin: Origin) -> str:
    if origin.idle:
        return f"{origin.name} differs too, and changes nothing"
    about = "about " if origin.unsure else ""
    if abs(origin.gain) < _LITTLE:
        return f"{origin.name} differs, too: it moves single pixels, and the sum by less than {percent(_LITTLE)}"
    if not origin.with_:
        return f"{origin.name} heals {about}{percent(origin.healed)}"
    after = ", ".join(origin.with_)
    if 0 <= origin.gain <= 1:
        return f"{origin.name} heals {about}{percent(origin.gain)} more, {percent(origin.healed)} with {after}"
    return f"{origin.name} heals {about}{percent(origin.healed)} with {after}"


def _assumed(found: Healing) -> Iterator[Text]:
    names = sorted({name for origin in found.origins for name in origin.unsure})
    if names:
        text = f"  about: taken to change with what they come from, as no formula says: {', '.join(names)}"
        yield Text(text, style="yellow")


def percent(share: float) -> str:
    """A share of the error in words."""
    if share >= 0 or abs(share) < 1e-9:
        return f"{100 * abs(share):.4g} %"
    return f"nothing (the error grows {1 - share:.3g}-fold)"
