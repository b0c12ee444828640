"""Kahn's polarisation factor (specification, section 6.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from .vec import Vec, cross, dot, unit


def polarization(kahn: float, incident: Vec, diffracted: Vec, axis: Vec) -> Tensor:
    """0.5 ((1 + c²) − K cos 2ψ (1 − c²)); all directions of unit length, `axis` the E vector's plane.

    c is the cosine of the scattering angle, ψ the angle of the diffracted ray around the incident one,
    from the component of `axis` perpendicular to it. K = 0 is unpolarised.
    """
    c = dot(incident, diffracted)
    c2 = c * c
    if kahn == 0.0:
        return 0.5 * (1.0 + c2)
    B = unit(cross(axis, incident))
    E = unit(cross(incident, B))
    across, along = dot(diffracted, B), dot(diffracted, E)
    across2, along2 = across * across, along * along
    total = along2 + across2
    # cos 2ψ without the arc tangent, whose vectorised form rounds by its place in the batch
    cosine = torch.where(total == 0, 1.0, (along2 - across2) / torch.where(total == 0, 1.0, total))
    return 0.5 * ((1.0 + c2) - kahn * cosine * (1.0 - c2))
