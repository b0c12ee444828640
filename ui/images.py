"""Two image files: whether they are that, and what is said of them."""

from __future__ import annotations

from pathlib import Path

from ..tracer.errors import FirstbadError
from ..tracer.pipes import kept
from .output import DIFFERENT, SAME, console, say_json


def are_images(reference: Path, candidate: Path) -> bool:
    """Whether both files are images; FirstbadError `image-and-trace` where one alone is."""
    found = [_is_image(path) for path in (reference, candidate)]
    if not any(found) or all(found):
        return all(found)
    image, other = (reference, candidate) if found[0] else (candidate, reference)
    if not other.exists():
        raise FirstbadError(f"{other} does not exist", remedy="check the name", slug="image-missing")
    raise FirstbadError(
        f"{image} is an image and {other} is none",
        remedy="compare two images, or the traces (printed output) of both programs",
        slug="image-and-trace",
    )


def _is_image(path: Path) -> bool:
    """As tracer/image_read.py tells it, which loads numpy: for a file that begins like a trace that is not needed."""
    try:
        with kept(path).open("rb") as file:
            if b"TRACE" in file.read(4096):
                return False
    except OSError:
        return False
    from ..tracer.image_read import is_image

    return is_image(kept(path))


def compare(reference: Path, candidate: Path, *, as_json: bool) -> int:
    """Print the image verdict of two files. SAME where the gate passes and nothing else is found."""
    from ..tracer.image import compare_images
    from ..tracer.image_read import read_pair

    found = compare_images(*read_pair(kept(reference), kept(candidate)))
    if as_json:
        say_json({"same": found.clean, "reference": str(reference), "candidate": str(candidate), **found.as_dict()})
    else:
        from .render_gate import image_page

        image_page(console(), found)
    return SAME if found.clean else DIFFERENT
