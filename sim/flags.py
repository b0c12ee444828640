"""nanoBragg's own command line, by its own rules, to an `Experiment`.

The rules (specification, section 2): every argument that begins with "-" is tested against every option in
a fixed order; most options match wherever their text occurs in the argument, so one argument may trigger
several; values are not consumed; what matches nothing is ignored. The table is in `options.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..tracer.errors import FirstbadError
from .draft import Draft
from .experiment import Beam, Crystal, Detector, Experiment, Output, Sampling
from .numbers import is_number
from .options import TABLE, Option
from .quirks import NANOBRAGG, Quirks

_PARTS: dict[str, type] = {
    "beam": Beam,
    "crystal": Crystal,
    "detector": Detector,
    "sampling": Sampling,
    "output": Output,
}


def parse(
    argv: Sequence[str],
    *,
    folder: str | Path = ".",
    quirks: Quirks = NANOBRAGG,
    build: str = "G",
    warn: Callable[[str], None] = lambda text: None,
) -> Experiment:
    """The experiment that `argv` (without the program's name) describes; files are read from `folder`.

    `build` chooses between the option tables of the traced ("G") and of the upstream program ("U"). Headers named
    by -mask and -img are read first, so that anything in `argv` overrides them. `warn` hears each of the
    experiment's warnings as it comes up.
    FirstbadError where the real program would read past its last argument (option-without-value), for a value
    that is NaN (no-number) and for files that cannot be read.
    """
    draft = Draft(warn)
    _read_headers(draft, argv, Path(folder), quirks)
    _scan(draft, argv, quirks, build)
    parts = {name: _part(kind, draft.values) for name, kind in _PARTS.items()}
    return Experiment(**parts, folder=str(folder), argv=tuple(argv), warnings=tuple(draft.warnings))


def _part(kind: type, values: dict[str, Any]) -> Any:
    """An instance of the dataclass `kind` from those of `values` that it has a field for."""
    names = {f.name for f in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def _scan(draft: Draft, argv: Sequence[str], quirks: Quirks, build: str) -> None:
    """Pass B: left to right, each argument against the whole table."""
    used: set[int] = set()
    for place, word in enumerate(argv):
        if not word.startswith("-"):
            if place not in used:
                draft.warn(f"argument {word!r} belongs to no option and is ignored")
            continue
        rest = list(argv[place + 1 :])
        known = False
        for option in TABLE:
            if not option.matches(word, loosely=quirks.substring_options, build=build):
                continue
            known = True
            taken, stop = _apply(draft, option, word, rest)
            used.update(range(place + 1, place + 1 + taken))
            if stop:
                break
        if not known and not is_number(word):
            draft.warn(_unknown(word, build))


def _apply(draft: Draft, option: Option, word: str, rest: list[str]) -> tuple[int, bool]:
    """Let one option act; how many values it looked at, and whether the scan of this word ends."""
    if option.crashes and not rest:
        raise FirstbadError(
            f"{word} has no value (the real program reads past its arguments and crashes)",
            remedy="Give the value after it.",
            slug="option-without-value",
        )
    if len(rest) < option.need:
        draft.warn(f"{word} needs {option.need} value(s) after it and is ignored")
        return 0, False
    draft.word = word
    outcome = option.store(draft, rest)
    return outcome.taken, option.stop or outcome.stop


def _unknown(word: str, build: str) -> str:
    """The warning for an argument that no option matches, with the option that is spelled most like it."""
    from difflib import get_close_matches

    for option in TABLE:
        if word in option.texts:
            return f"{word} exists in the {_BUILDS[option.build]} only and is ignored; see --build"
    near = get_close_matches(word, [text for option in TABLE for text in option.texts], n=1, cutoff=0.0)
    return f"unknown argument {word} is ignored; the nearest option is {near[0]}"


_BUILDS = {"G": "traced build of nanoBragg (--build G)", "U": "upstream build of nanoBragg (--build U)"}


def _read_headers(draft: Draft, argv: Sequence[str], folder: Path, quirks: Quirks) -> None:
    """Pass A: the headers of the last -mask and of the last -img, the image's last so that it wins."""
    from .formats import header_values

    for text in ("-mask", "-img"):
        names = [
            b for a, b in pairwise(argv) if a == text or (quirks.substring_options and a.startswith("-") and text in a)
        ]
        if not names:
            continue
        if text == "-mask":
            draft.values["mask_file"] = names[-1]
        draft.values["header_files"] = (*draft.values.get("header_files", ()), names[-1])
        found = header_values(folder / names[-1], mask=text == "-mask")
        if not found:
            draft.warn(f"{names[-1]} has no SMV header that can be read and is ignored")
            draft.values["headerless"] = (*draft.values.get("headerless", ()), names[-1])
            if text == "-mask":
                draft.values["mask_file"] = None
        draft.values.update(found)
