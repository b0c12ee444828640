"""The page of two stores of other pixels or other sampling, and how wide its tables are in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from report_pages import data_of, drawn
from transcripts import perform

pytest.importorskip("zarr")

from firstbad.tracer.store import Column
from firstbad.tracer.store_writer import StoreWriter

NAMES = [f"a_quantity_with_a_long_name_{i}" for i in range(12)]
CATALOGUE = "".join(f'[quantity.{name}]\nkind = "input"\n' for name in NAMES) + (
    '[quantity.inside]\nscope = "subpixel"\n[quantity.final]\nscope = "pixel"\nfinal = true\n'
    f"parents = {json.dumps(['inside', *NAMES])}\n"
)
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MEASURE = """
<script>
const wide = [...document.querySelectorAll("table.plain")].map((t) => t.offsetWidth - t.parentElement.clientWidth);
const tight = [...document.querySelectorAll("table.plain td:not(:first-child)")].map((td) => {
  const label = getComputedStyle(td, "::before");
  return label.float === "left" ? parseFloat(getComputedStyle(td).paddingLeft) - parseFloat(label.width) : 99;
});
document.body.replaceChildren(`MEASURED ${wide.length} ${Math.max(...wide)} ${Math.min(...tight)} END`);
</script></body>"""


def report(folder: Path, inside: int = 1, pixels: int = 4) -> Path:
    """All twelve differ at once; the candidate has so many records inside a pixel, and so many of the four pixels."""
    (folder / "k.toml").write_text(CATALOGUE)
    for side, count, records in (("r", 4, 1), ("c", pixels, inside)):
        values = {name: np.full(count, 1.0 if side == "r" else 1.5) for name in (*NAMES, "final")}
        columns = [Column("inside", 1, records), *(Column(name) for name in values)]
        at = np.array([[0, i] for i in range(count)])
        with StoreWriter(folder / f"{side}.zarr", (1, 4), columns, at) as writer:
            writer.append({"inside": np.ones((count, records, 1)), **values})
    words = ["diff", "r.zarr", "c.zarr", "--catalogue", "k.toml", "--html", "p.html"]
    status, _, err = perform(words, folder)
    assert (status, err) == (1, "")
    return folder / "p.html"


def test_what_has_no_partner_is_on_the_page_and_no_graft_is_proposed(tmp_path: Path):
    page = report(tmp_path, inside=4, pixels=3)
    text = drawn(page)["text"]
    assert data_of(page)["sides"] == [["r.zarr", "4 pixels"], ["c.zarr", "3 pixels"]]
    assert "What has no partner on the other side" in text
    assert "only the reference has 1 more pixel: what both have is compared" in text
    assert "the reference has 1 subpixel of each pixel, the candidate 4" in text
    assert "1 quantity left out: inside" in text
    assert not [one for row in data_of(page)["commands"] for one in row if "graft" in one["run"]]


def test_a_label_of_a_table_on_a_phone_has_room_for_its_words(tmp_path: Path):
    """In a browser each cell has its head to its left, in a column of `--label`; longer ones wrap at 150 pixels."""
    told = "page.all('plain').map((table) => table.styles['--label'])"
    rooms = drawn(report(tmp_path), told)["actions"][0]
    assert rooms == ["150px", "133px"]  # `what the judge says there`, `there (slow fast)`


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a headless browser")
@pytest.mark.parametrize("width", [500, 1280])
def test_tables_fit_the_page_and_labels_stand_beside_their_values(tmp_path: Path, width: int):
    page = report(tmp_path)
    page.write_text(page.read_text("utf-8").replace("</body>", MEASURE), "utf-8")
    words = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900", "--dump-dom"]
    out = subprocess.run([*words, page.as_uri()], capture_output=True, text=True, timeout=120, check=True).stdout
    tables, over, room = (float(word) for word in out.split("MEASURED ")[1].split(" END")[0].split())
    assert tables == 2 and over <= 0
    assert room == 99 if width > 640 else 8 <= room < 20
