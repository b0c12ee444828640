"""The physical numbers of an experiment as float64 tensors, each replaceable for differentiation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from .experiment import Experiment
from .vec import scalar

OVERRIDES = MappingProxyType(
    {
        "cell": "a b c (Å), α β γ (degrees); shape (6,)",
        "misset": "angles about x, y, z, degrees; shape (3,)",
        "phi": "start of the phi scan, degrees; shape ()",
        "distance": "sample to detector, mm; shape ()",
        "close_distance": "along the detector normal, mm; shape ()",
        "beam_center": "Xbeam, Ybeam, mm; shape (2,)",
        "rotations": "detector about x, y, z, degrees; shape (3,)",
        "twotheta": "detector swing, degrees; shape ()",
        "wavelength": "Å; shape ()",
        "default_F": "electrons; shape ()",
        "structure_factors": "electrons; the shape of the grid, without its pad planes",
        "mosaic_spread": "degrees; shape ()",
        "fluence": "photons/m²; shape ()",
    }
)
"""What `simulate(…, overrides={name: tensor})` may replace: unit and shape of each."""


@dataclass(frozen=True)
class Inputs:
    """An experiment and the tensors that stand in for some of its numbers."""

    experiment: Experiment
    overrides: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.overrides:
            if name not in OVERRIDES:
                raise FirstbadError(
                    f"there is no parameter {name!r} to override",
                    remedy=f"Use one of {', '.join(OVERRIDES)}.",
                    slug="unknown-parameter",
                )

    def has(self, name: str) -> bool:
        """Whether `name` was replaced."""
        return name in self.overrides

    def number(self, name: str, given: float) -> Tensor:
        """The replacement of `name` if there is one, else `given`, as a float64 tensor without axes."""
        if name in self.overrides:
            return self.overrides[name].to(device="cpu", dtype=torch.float64).reshape(())
        return scalar(given)

    def numbers(self, name: str, given: tuple[float, ...]) -> tuple[Tensor, ...]:
        """The same for several numbers in one tensor with one axis."""
        if name in self.overrides:
            tensor = self.overrides[name].to(device="cpu", dtype=torch.float64)
            if tensor.shape != (len(given),):
                raise FirstbadError(
                    f"the override {name!r} has shape {tuple(tensor.shape)} where ({len(given)},) is needed",
                    remedy=f"It holds {OVERRIDES[name]}.",
                    slug="wrong-shape",
                )
            return tuple(tensor.unbind())
        return tuple(scalar(value) for value in given)

    @property
    def wavelength(self) -> Tensor:
        """λ0 in metres."""
        return self.number("wavelength", self.experiment.beam.wavelength_A) / 1e10

    @property
    def default_F(self) -> Tensor:
        """The amplitude of what no file names."""
        return self.number("default_F", self.experiment.crystal.default_F)


def plain(value: Tensor | float) -> float:
    """A number for decisions about the configuration and for print; gradients do not pass here."""
    return float(value.detach()) if isinstance(value, Tensor) else float(value)
