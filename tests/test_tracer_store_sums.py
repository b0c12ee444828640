"""The sums of a store, and the formats that carried other ones."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.store import Store, open_store
from firstbad.tracer.store_compare import compare_stores
from firstbad.tracer.store_sums import summing
from refusals import slug
from test_tracer_store import chain, write

pytest.importorskip("zarr")


def as_first_format(store: Store) -> Store:
    """The store as the first format had it: with the sums of zlib."""
    place = store.path / "zarr.json"
    whole = json.loads(place.read_text())
    said = whole["attributes"]["firstbad"]
    del said["crc32"], said["pixels_crc32c"]
    said["format"] = "firstbad-store 1"
    said["pixels_crc32"] = f"{zlib.crc32(store.pixels.astype('<i8').tobytes()):08x}"
    for column in said["columns"]:
        del column["crc32c"]
        column["crc32"] = f"{zlib.crc32(store.read(column['name']).astype('<f8').tobytes()):08x}"
    said["crc32"] = f"{zlib.crc32(json.dumps(said, sort_keys=True).encode()):08x}"
    place.write_text(json.dumps(whole))
    return open_store(store.path)


def test_a_store_of_the_first_format_is_read_and_its_damage_noticed(tmp_path: Path):
    old, new = as_first_format(write(tmp_path / "old", chain())), write(tmp_path / "new", chain())
    old.verify()
    assert old.kind == "crc32" and compare_stores(old, new).same and compare_stores(new, old).same
    tile = old.path / "columns" / "e" / "c" / "0" / "0" / "0"
    data = bytearray(tile.read_bytes())
    data[-1] ^= 1
    tile.write_bytes(data)
    for pair in ((old, new), (new, old)):
        with pytest.raises(FirstbadError, match=r"Column e .*old was changed") as error:
            compare_stores(*pair)
        assert slug(error) == "store-damaged"


def test_a_later_format_is_left_to_the_version_that_wrote_it(tmp_path: Path):
    place = write(tmp_path / "s", chain()).path / "zarr.json"
    place.write_text(place.read_text().replace("firstbad-store 2", "firstbad-store 3"))
    with pytest.raises(FirstbadError, match="firstbad-store 3") as error:
        open_store(place.parent)
    assert slug(error) == "store-version"


def test_the_sum_is_the_one_of_the_standard():
    """CRC-32C of the nine digits, and of 32 zeros, as RFC 3720 (B.4) prints it."""
    for data, expected in ((b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA)):
        values = np.frombuffer(data, dtype=np.uint8)
        assert summing("crc32c")(values, 0) == expected
        assert summing("crc32c")(values[5:], summing("crc32c")(values[:5], 0)) == expected
