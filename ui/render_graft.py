"""What a graft heals, in lines: the answer, then each origin with what goes when it is replaced."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from ..bisect.axes.grafts import Healing, Origin

_LITTLE = 1e-6
"""A share of the error that is no number to read."""
_MOST = 3
"""Quantities that cannot be replaced, of which the reason is said."""


def healing_lines(found: Healing, pixels: str, *, healed: bool, ours: bool = True) -> Iterator[Text]:
    """The page of a graft, without how it was done; `ours` where nanoBragg's simulator could run in its place."""
    yield _headline(found, healed=healed)
    after = "" if math.isnan(found.after) else f" to {found.after:.6g}"
    yield Text(f"  sum of |I - I(reference)| over {pixels}: {found.before:.6g}{after}")
    for origin in found.origins if not found.asked else ():
        yield Text(f"  {_told(origin)}", style="dim" if origin.idle else "")
    yield from _assumed(found, ours=ours)
    for name, why in list(found.barred.items())[:_MOST]:
        yield Text(f"  {name} could not be replaced: {why}", style="yellow")
    if len(found.barred) > _MOST:
        more = ", ".join(list(found.barred)[_MOST:])
        yield Text(f"  nor could {more} (--json says why)", style="yellow")


def nothing_line(differing: Sequence[str], pixels: str) -> Text:
    """Where nothing is to be healed: whether anything differs all the same (a NaN in a value that nobody uses)."""
    if not differing:
        return Text("SAME ", style="bold green") + Text(f"nothing differs by more than rounding at {pixels}")
    names = ", ".join(differing)
    differ = "differs" if len(differing) == 1 else "differ"
    text = f"at {pixels} the intensity agrees but for rounding, though {names} {differ}"
    return Text("NOTHING TO HEAL ", style="bold yellow") + Text(f"{text}: there is no share; firstbad diff tells how")


def _headline(found: Healing, *, healed: bool) -> Text:
    names = ", ".join(found.quantities)
    if healed and found.itself:
        text = f"by {names}, which does not follow from what it comes from"
        others = ", ".join(name for name in found.quantities if name != found.itself)
        if others:
            text = f"by {others}: {percent(found.without)} of the error; the rest is {found.itself} itself"
        return Text("HEALED ", style="bold green") + Text(text)
    if healed:
        text = f"by {names}{_provided(found.unsure)}: {percent(found.healed)} of the error"
        return Text("HEALED ", style="bold green") + Text(text)
    if found.origins:
        text = f"{names or 'what differs'}: {_share(found)}"
    else:
        text = "no quantity could be replaced" if found.barred else "no quantity that leads to the intensity differs"
    return Text("NOT HEALED ", style="bold red") + Text(text)


def _share(found: Healing) -> str:
    whose = "its" if len(found.quantities) == 1 else "their"
    return f"{whose} share cannot be told" if math.isnan(found.healed) else f"{percent(found.healed)} of the error"


def _told(origin: Origin) -> str:
    if origin.idle:
        how = "changes nothing" if abs(origin.gain) < _LITTLE else "is not needed: what else differs makes up for it"
        return f"{origin.name} differs too, and {how}"
    if math.isnan(origin.healed):
        return f"{origin.name}: its share cannot be told"
    if abs(origin.gain) < _LITTLE:
        return f"{origin.name} differs, too: it moves single pixels, and the sum by less than {percent(_LITTLE)}"
    if not origin.with_:
        return f"{origin.name} heals {percent(origin.healed)}{_provided(origin.unsure)}"
    after = ", ".join(origin.with_)
    if 0 <= origin.gain <= 1:
        healed = f"{percent(origin.gain)} more, {percent(origin.healed)} with {after}"
        return f"{origin.name} heals {healed}{_provided(origin.unsure)}"
    return f"{origin.name} heals {percent(origin.healed)} with {after}{_provided(origin.unsure)}"


def _provided(names: Sequence[str]) -> str:
    """What a share rests on: that these follow from what they come from, which no formula says."""
    shown = [*names[:_MOST], *([f"{len(names) - _MOST} more"] if len(names) > _MOST else [])]
    return f", if {' and '.join(shown)} {'follow' if len(names) > 1 else 'follows'}" if names else ""


def _assumed(found: Healing, *, ours: bool) -> Iterator[Text]:
    told = any(origin.unsure and not math.isnan(origin.healed) for origin in found.origins)
    untold = {name for origin in found.origins if math.isnan(origin.healed) for name in origin.unsure}
    if told:
        text = "  if: no formula here says how that changes, so it is taken to follow what it comes from"
        yield Text(text, style="yellow")
    if untold:
        text = f"  not told: no formula here says what becomes of {' and '.join(sorted(untold))}"
        yield Text(text, style="yellow")
        if ours:
            yield Text("  a run tells it: firstbad graft REFERENCE -- ARGS, traced with --trace-steps", style="yellow")


def percent(share: float) -> str:
    """A share of the error in words."""
    if share >= 0 or abs(share) < 1e-9:
        return f"{100 * abs(share):.4g} %"
    if share > -1:
        return f"nothing (the error grows by {-100 * share:.2g} %)"
    return f"nothing (the error grows {1 - share:.3g}-fold)"
