"""Grafts without running anything: the reference's values in the candidate's traces, carried on by the formulas.

A quantity is replaced in every record; what is computed from it is computed again by the catalogue's formulas, up to
the intensity. That is as good as the formulas describe the candidate, so what is not known is said: a value that does
not follow from its parents in the candidate is taken to change as its formula does, and one that no formula gives is
taken to agree once what it comes from does. While that still differs, nobody can tell what becomes of it; nor of the
intensity, which would heal whatever is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .catalogue import Catalogue
from .diff import Case
from .errors import FirstbadError
from .graft import image_error
from .graft_pixel import Names, Pixel
from .model import Trace
from .sampling import sampling

if TYPE_CHECKING:
    from .store import Store

PIXELS = 24
"""Pixels of two stores whose traces are carried through the formulas one by one."""
ITSELF = "it is the intensity itself, whose graft heals whatever is wrong, and no formula shows it to be at fault"
"""Why an intensity that only differs is not replaced."""


@dataclass
class Formulas:
    """The candidate's and the reference's traces at some pixels: `Grafts` of bisect/axes/grafts.py."""

    pixels: list[Pixel]
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Which they are (slow, fast), where they come from stores."""
    alone: tuple[int, int] = (0, 0)
    """How many pixels each store holds that the other does not: nothing is said of them."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[Trace, Trace]], catalogue: Catalogue) -> Formulas:
        """From (reference, candidate) pairs, one a pixel. FirstbadError `graft-sampling`."""
        return cls([Pixel(_case(reference, candidate, catalogue)) for reference, candidate in pairs])

    @classmethod
    def of_stores(cls, reference: Store, candidate: Store, catalogue: Catalogue, most: int = PIXELS) -> Formulas:
        """At `most` pixels of two stores: the one to trace of each cause, then those that cost the gate most.

        FirstbadError `graft-no-intensity` where a store has no final intensity, `graft-sampling`, and as `common`.
        """
        from .store_pairs import common

        reference, candidate, alone = common(reference, candidate)
        places = _places(reference, candidate, catalogue, most)
        pairs = ((reference.trace(*place), candidate.trace(*place)) for place in places)
        return replace(cls.of(pairs, catalogue), places=places, alone=alone)

    def error(self, names: Names) -> float:
        """Σ|I − I_reference| with `names` grafted, over pixels where rounding is not all; nan where untold."""
        found = [pixel.intensity(names) for pixel in self.pixels]
        known = [pair for pair in found if pair is not None]
        if len(known) < len(found) or self._untold(names):
            return math.nan
        got, wanted = np.array(known).T
        return image_error(wanted, got, np.array([pixel.granted for pixel in self.pixels]))

    def origins(self, names: Names, without: Names) -> tuple[str, ...]:
        """What differs with `names` grafted though all it comes from agrees; with none, the judge's origins."""
        return tuple(dict.fromkeys(name for pixel in self.pixels for name in pixel.origins(names, without)))

    def differing(self) -> tuple[str, ...]:
        """What differs at all, be it that the intensity does not come from it."""
        return tuple(dict.fromkeys(name for pixel in self.pixels for name in pixel.differing()))

    def obstacle(self, name: str) -> str:
        """Why a graft of `name` says nothing, as a sentence's end; "" where it can be tried."""
        if any(pixel.is_intensity(name) for pixel in self.pixels) and not any(p.breaks(name) for p in self.pixels):
            return ITSELF
        if any(pixel.reaches(name) for pixel in self.pixels):
            return ""
        if all(not pixel.case.a.records(name) for pixel in self.pixels):
            return "the traces do not hold it"
        if all(pixel.equal(name) for pixel in self.pixels):
            return "both sides have the same values of it"
        return "no formula leads from it to the intensity in these traces"

    def unsure(self, names: Names) -> tuple[str, ...]:
        """What was taken to change as a formula does that it breaks, or to agree once what it comes from does.

        Where the error is nan, what changes in a way that no formula tells.
        """
        known = self._untold(names) or set[str]().union(*(pixel.unsure(names) for pixel in self.pixels))
        return tuple(sorted(known))

    def _untold(self, names: Names) -> set[str]:
        return set[str]().union(*(pixel.untold(names) for pixel in self.pixels))


def _case(reference: Trace, candidate: Trace, catalogue: Catalogue) -> Case:
    """Both traces, the candidate first; refused where a pixel of the one has more subpixels than that of the other."""
    case = Case(candidate, reference, catalogue)
    ours, theirs = ({n: len(view.records(n)) for n in view.groups} for view in (case.b, case.a))
    found = sampling(ours, theirs, case.catalogue)
    if found is not None and found.what == "subpixel":
        raise FirstbadError(
            f"the reference took {found.reference} subpixel{'s' if found.reference > 1 else ''} of each pixel, "
            f"the candidate {found.candidate}: no value "
            "of the one stands for a value of the other",
            remedy="trace both with the same -oversample, and graft what else differs",
            slug="graft-sampling",
        )
    return case


def _places(reference: Store, candidate: Store, catalogue: Catalogue, most: int) -> list[tuple[int, int]]:
    from .pixels import costly_pixels
    from .store_judge import final_image, judge_stores

    judged = judge_stores(reference, candidate, catalogue)
    a, b = final_image(reference, catalogue), final_image(candidate, catalogue)
    if a is None or b is None:
        raise no_intensity((reference if a is None else candidate).path)
    costly = costly_pixels(a, b, most, apart=0)
    causes = [place for _, _, place in judged.causes]
    odd = [one.pixel for one in judged.judgements if not one.noise]  # what differs may leave the intensity alone
    here = odd[:most] or [(int(s), int(f)) for s, f in reference.pixels[:1]]  # equal stores: one pixel says so
    return list(dict.fromkeys([*causes, *((p.slow, p.fast) for p in costly)]))[:most] or here


def no_intensity(path: Path) -> FirstbadError:
    """What is said of a trace or store without a final intensity."""
    return FirstbadError(
        f"{path} holds no final intensity, so there is no error to heal",
        remedy="trace the quantity that the catalogue calls final (I_pixel_final)",
        slug="graft-no-intensity",
    )
