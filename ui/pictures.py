"""The pictures of two stores: a map of the origins with its legend, both intensities, and their difference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..tracer.errors import FirstbadError
from ..tracer.picture import CLEARED, Colour, difference, intensity, origin_map
from ..tracer.store_judge import final_image

if TYPE_CHECKING:
    from ..tracer.catalogue import Catalogue
    from ..tracer.store import Store
    from ..tracer.store_judge import StoresDiff


def draw(folder: Path, reference: Store, candidate: Store, diff: StoresDiff, catalogue: Catalogue) -> list[Path]:
    """Write origins.png, origins.txt (what its colours mean) and, where there are intensities, three more.

    FirstbadError `no-out` where the folder cannot be made or written.
    """
    maps, legend = paint(reference, candidate, diff, catalogue)
    lines = "".join(f"#{r:02x}{g:02x}{b:02x} {name}\n" for (r, g, b), name in legend)
    files = {"origins.png": maps.pop("origins"), "origins.txt": lines.encode()}
    files |= {f"{name}.png": png for name, png in maps.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as problem:
        raise FirstbadError(
            f"{folder} cannot hold pictures: {problem.strerror}", remedy="name another folder", slug="no-out"
        ) from None
    return [folder / name for name in files]


def paint(
    reference: Store, candidate: Store, diff: StoresDiff, catalogue: Catalogue
) -> tuple[dict[str, bytes], tuple[tuple[Colour, str], ...]]:
    """PNGs by name (`origins`; with intensities `reference`, `candidate`, `difference`), and the map's legend."""
    said = [" and ".join(one.causes) or ("" if one.noise else CLEARED) for one in diff.judgements]
    png, legend = origin_map(diff.screened, said)
    maps = {"origins": png}
    images = [final_image(store, catalogue) for store in (reference, candidate)]
    if images[0] is not None and images[1] is not None:
        maps["reference"], maps["candidate"] = intensity(images[0]), intensity(images[1])
        maps["difference"] = difference(images[0], images[1])
    return maps, legend
