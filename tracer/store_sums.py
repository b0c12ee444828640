"""The sums that a store carries: of its columns, of its pixels, and of what its manifest says."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .errors import FirstbadError

if TYPE_CHECKING:
    from .store import Store

AGAIN = "Write the store again."


class Reading:
    """A store that is read from its first pixel to its last, with the sums of what was read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._crc: dict[str, int] = {}

    def read(self, name: str, start: int, stop: int) -> NDArray[np.float64]:
        """As `Store.read`; the next call for a column must go on where the last one ended."""
        values = self.store.read(name, start, stop)
        self._crc[name] = zlib.crc32(np.ascontiguousarray(values).data, self._crc.get(name, 0))
        return values

    def done(self) -> None:
        """All was read: FirstbadError `store-damaged` where a sum disagrees."""
        for name, crc in self._crc.items():
            if f"{crc:08x}" != self.store.crc32[name]:
                fail("store-damaged", f"Column {name} of {self.store.path} was changed", AGAIN)


def is_whole(store: Store, manifest: Mapping[str, Any]) -> bool:
    """Whether manifest and pixels are as they were written, and columns of their size are there.

    Stores written before there were sums of these are taken as they are.
    """
    if "crc32" in manifest:
        said = {key: value for key, value in manifest.items() if key != "crc32"}
        if manifest["crc32"] != manifest_sum(said) or manifest["pixels_crc32"] != pixels_sum(store.pixels):
            return False
    sizes = [store.arrays[c.name].shape == (len(store), c.occurrences, c.width) for c in store.columns]
    return store.tile > 0 and all(sizes)


def manifest_sum(said: Mapping[str, Any]) -> str:
    """CRC-32 of the manifest without its own sum."""
    return f"{zlib.crc32(json.dumps(said, sort_keys=True).encode()):08x}"


def pixels_sum(pixels: NDArray[np.int64]) -> str:
    """CRC-32 of the pixels' places."""
    return f"{zlib.crc32(np.ascontiguousarray(pixels, dtype='<i8').data):08x}"


def fail(slug: str, message: str, remedy: str) -> NoReturn:
    """Raise the one error that a user may see."""
    raise FirstbadError(message, remedy=remedy, slug=slug) from None
