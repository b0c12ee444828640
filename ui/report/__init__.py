"""One self-contained HTML file that tells a diff or an investigation: a template and escaped JSON, opens offline."""

from __future__ import annotations

from .page import check_writable, write_page
from .stores import stores_data
from .traces import answer_data, traces_data

__all__ = ["answer_data", "check_writable", "stores_data", "traces_data", "write_page"]
