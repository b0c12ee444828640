"""The sums that a store carries: of its columns, of its pixels, and of what its manifest says.

Columns and pixels carry a CRC-32C (RFC 3720), for which processors have an instruction: it takes a third of the time
that reading takes. Stores of the first format carry the CRC-32 of zlib, which takes twice as long as reading.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .errors import FirstbadError

if TYPE_CHECKING:
    from .store import Store

AGAIN = "Write the store again."
KIND = "crc32c"
"""The sum that new stores carry; also the name of its field in the manifest."""
FORMAT = "firstbad-store 2"
FORMATS = {"firstbad-store 1": "crc32", FORMAT: KIND}
"""The formats that can be read, and the sum that each carries."""


Room = Callable[[tuple[int, ...]], NDArray[np.float64]]
"""Gives an array of a shape to read into."""


def summing(kind: str) -> Callable[[NDArray[Any], int], int]:
    """What carries a sum of that kind on: from an array's bytes and the sum so far to the sum with them."""
    if kind == "crc32":
        return lambda values, so_far: zlib.crc32(np.ascontiguousarray(values).data, so_far)
    extend = import_module("google_crc32c").extend  # zarr brings it
    return lambda values, so_far: extend(so_far, np.ascontiguousarray(values).view(np.uint8))


class Reading:
    """A store that is read from its first pixel to its last, with the sums of what was read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._sum = summing(store.kind)
        self._so_far: dict[str, int] = {}

    def read(self, name: str, start: int, stop: int, room: Room = np.empty) -> NDArray[np.float64]:
        """As `Store.read`; the next call for a column must go on where the last one ended."""
        values = self.store.read(name, start, stop, room)
        self._so_far[name] = self._sum(values, self._so_far.get(name, 0))
        return values

    def done(self) -> None:
        """All was read: FirstbadError `store-damaged` where a sum disagrees."""
        for name, crc in self._so_far.items():
            if f"{crc:08x}" != self.store.sums[name]:
                fail("store-damaged", f"Column {name} of {self.store.path} was changed", AGAIN)


def is_whole(store: Store, manifest: Mapping[str, Any]) -> bool:
    """Whether manifest and pixels are as they were written, and columns of their size are there.

    Stores written before there were sums of these are taken as they are.
    """
    if "crc32" in manifest:
        said = {key: value for key, value in manifest.items() if key != "crc32"}
        pixels = manifest[f"pixels_{store.kind}"]
        if manifest["crc32"] != manifest_sum(said) or pixels != pixels_sum(store.pixels, store.kind):
            return False
    sizes = [store.arrays[c.name].shape == (len(store), c.occurrences, c.width) for c in store.columns]
    return store.tile > 0 and all(sizes)


def manifest_sum(said: Mapping[str, Any]) -> str:
    """CRC-32 of the manifest without its own sum."""
    return f"{zlib.crc32(json.dumps(said, sort_keys=True).encode()):08x}"


def pixels_sum(pixels: NDArray[np.int64], kind: str = KIND) -> str:
    """The sum of the pixels' places."""
    return f"{summing(kind)(pixels.astype('<i8', copy=False), 0):08x}"


def fail(slug: str, message: str, remedy: str) -> NoReturn:
    """Raise the one error that a user may see."""
    raise FirstbadError(message, remedy=remedy, slug=slug) from None
