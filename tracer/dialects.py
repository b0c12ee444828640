"""What one TRACE line says, in any of the dialects that ports of nanoBragg are known to print.

`TRACE_C: name v v v`, `TRACE_C: name{phi=3} v`, `TRACE_C:name=v v v`, `name=[a b c; d e f]`, `name = [a, b]
unit |a| = v`, `V_cell = 1/V_star = v`, `TRACE_C_PHI phi_tic=0 k_frac=v`, `name X:v Y:v pixel_mm:v`, `name
word`, `TRACE_PY_T: [0,1,2]=v`, `name tensor([v, v])` (printed.py), `tracing pixel (spixel=s, fpixel=f)`,
headings and the indented lines below them. A line that fits none becomes no record; the reason is kept.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .model import BARE, HEADING, Scope
from .numerals import NUMBER, parts
from .printed import plain

_NUMBER = re.compile(NUMBER)
_WHOLE = re.compile(NUMBER + r"\Z")
_NAMED = re.compile(r"\s*([^\s=:{}\[\](),]+)(?:\{([^{}]*)\})?:?(?:\s+(.*))?\Z", re.S)
_TIGHT = re.compile(r"([^\s=:{}\[\](),|]+)(?:\{([^{}]*)\})?=(\S.*)\Z", re.S)
_CALLED = re.compile(
    r"([^\s=:{}\[\](),|]+(?:(?:\[[^\[\]{}]*\]|\((?:[^(){}]|\([^(){}]*\))*\))[^\s=:{}\[\](),|]*)+)(?:\{([^{}]*)\})?:?\s+(\S.*)\Z",
    re.S,
)
"""`a.b[0] v`, `d(x)/dt v`: a name with brackets in it, and a value behind a blank."""
_LABELLED = re.compile(rf"([^\W\d]\w*):({NUMBER})(?=\s|,|\Z)")
_PAIR = re.compile(rf"([^\W\d]\w*)\s*=\s*({NUMBER})(?![\w.])")
_POINT = re.compile(rf"([^\W\d]\w*)\s*\(?\s*({NUMBER}(?:\s*,\s*{NUMBER})+)\)?")
_UNIT = re.compile(
    r"(?:1/)?(?:meters?|metres?|[munkµ]?m|Angstroms?|Å|A|sr|steradians?|rad|radians?|deg|degrees?|°|%|photons?|eV|px|s)"
    r"(?:\^-?\d|[⁻²³¹]+|[-+]\d)*(?:/\S+)?\Z"
)
_LOOP = re.compile(
    r"(?:phi|mos|mosaic|source|sub|thick|layer|step)(?:_?(?:tic|index|idx|i|step|pixel|fast|slow|domain))?\Z"
)


OPEN = "its bracket does not close on this line"
PROSE = "prose: no name with a value"


class Said(NamedTuple):
    """One record as its line words it: nothing converted yet. Words as values have `shape` ()."""

    name: str
    tokens: tuple[str, ...]
    shape: tuple[int, ...] = ()
    scope: Scope = ()
    unit: str = ""
    labels: tuple[str, ...] = ()


class NoRecord(Exception):  # noqa: N818  not an error of the user's: the line is prose or a heading
    """The line holds no record; the message says why, `heading` is what it titles (or empty)."""

    def __init__(self, reason: str, heading: str = "") -> None:
        super().__init__(reason)
        self.heading = heading


def is_number(token: str) -> bool:
    """Whether the whole token is one number (nan and inf are)."""
    return _WHOLE.match(token) is not None


def parse_body(prefix: str, body: str, section: str = "") -> list[Said]:
    """The records in what follows the prefix; NoRecord says why there are none.

    `section` is the heading above; it counts for indented lines only and becomes a scope.
    """
    text = plain(body.strip())
    if not text:
        raise NoRecord(BARE, "")
    if _is_open(text):
        raise NoRecord(OPEN)
    title = _heading(text)
    if title is not None:
        said = _inside(title)
        if not said:
            raise NoRecord(HEADING, title)
    else:
        said = _plain(prefix, text)
    said = [_real(one) for one in said]
    if section and body[:1].isspace() and body[1:2].isspace():
        said = [one._replace(scope=(("section", section), *one.scope)) for one in said]
    return said


def _real(one: Said) -> Said:
    """Complex numbers as pairs of real ones."""
    tokens, shape = parts(one.tokens, one.shape)
    return one if tokens is one.tokens else one._replace(tokens=tokens, shape=shape, labels=())


def _is_open(text: str) -> bool:
    """Whether the line ends in the middle of an array: numpy and torch break a long one, str() without a comma."""
    if sum(map(text.count, "[(")) <= sum(map(text.count, "])")):
        return False
    last = re.split(r"[\[(,;\s]", text.rstrip(", "))[-1].rstrip("])")
    return not last or is_number(last)


def heading_of(body: str) -> str:
    """The title that a line gives to the indented lines below it, or ''."""
    return _heading(body.strip()) or ""


def _heading(text: str) -> str | None:
    """The words of a heading: `Some words:` or `=== words ===`."""
    if text.startswith("==") or text.endswith("=="):
        return text.strip("= ")
    if text.endswith(":"):
        return text[:-1].strip()
    return None


def _inside(title: str) -> list[Said]:
    """Numbers that a heading carries: `(phi=0 mosaic=0)`, `Pixel (64, 79)`."""
    said = [Said(name, (value,)) for name, value in _PAIR.findall(title)]
    if said:
        return said
    for name, values in _POINT.findall(title):
        tokens = tuple(_NUMBER.findall(values))
        said.append(Said(name, tokens, (len(tokens),)))
    return said


def _plain(prefix: str, text: str) -> list[Said]:
    named = _NAMED.match(text)
    if named is not None:
        found = _named(named[1], named[2], (named[3] or "").strip())
        if found:
            return found
    tight = _TIGHT.match(text)
    if tight is not None:
        found = _named(tight[1], tight[2], tight[3])
        if found:
            return found
    if "=" in _outside(text):
        return _assignments(prefix, text)
    if text[0] in "[(":
        return [_nameless(prefix, text)]
    found = _called(prefix, text) or _inside(text)
    if found:
        return found
    raise NoRecord(PROSE)


def _called(prefix: str, text: str) -> list[Said]:
    """`a[1] v`, `f(x, y) v`: named as the same with `=` is. Words only where the brackets hold no values themselves."""
    match = _CALLED.match(text)
    if match is None:
        return []
    said: list[Said] = []
    for one in _named("".join(match[1].split()), match[2], match[3].strip()):
        if not is_number(one.tokens[0]) and _inside(text):
            return []
        named = _assigned(prefix, one.name, one.tokens, one.shape, one.unit)
        said.append(named._replace(scope=(*named.scope, *one.scope), labels=one.labels))
    return said


def _named(name: str, scope: str | None, rest: str) -> list[Said]:
    """`name v v v [unit]`, `name [..]`, `name X:v Y:v`, `name word`; [] where it is none of these."""
    where = _scope(scope)
    tokens = tuple(rest.replace(",", " ").split()) if rest else ()
    if not tokens:
        return []
    if all(map(_WHOLE.match, tokens)):
        return [Said(name, tokens, _shape(len(tokens)), where)]
    if len(tokens) > 1 and _UNIT.match(tokens[-1]) and all(map(_WHOLE.match, tokens[:-1])):
        return [Said(name, tokens[:-1], _shape(len(tokens) - 1), where, tokens[-1])]
    if "=" not in _outside(rest):
        if rest[0] in "[(" and rest[-1] in ")]":
            numbers, shape = _array(rest)
            return [Said(name, numbers, shape, where)] if numbers else []
        labelled = _labelled(name, rest, where)
        if labelled:
            return labelled
    if not rest[0].isdigit() and name[0].isalpha() and _is_word(rest):
        return [Said(name, (rest,), (), where)]
    return []


def _is_word(text: str) -> bool:
    """Whether a value is one word: `MOSFLM`, `torch.float64`, `Fbeam←Ybeam_mm(+0.5px),beam_vec=[1 0 0]`."""
    bare = re.sub(r"\[[^\]]*\]|\([^)]*\)", "", text)
    if " " in bare or not bare or bare.endswith((".", ":", "!")):
        return False
    return "=" not in bare or "," in bare


def _scope(text: str | None) -> Scope:
    """`phi=3,mosaic=1` as pairs; a piece without `=` is kept as a name with an empty value."""
    if not text:
        return ()
    pairs = (piece.partition("=") for piece in text.split(",") if piece.strip())
    return tuple((key.strip(), value.strip()) for key, _, value in pairs)


def _shape(count: int) -> tuple[int, ...]:
    return () if count == 1 else (count,)


def _array(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """`[a b c; d e f]` or `(a, b)`: tokens and shape; no tokens where something in it is no number."""
    rows = [row.replace(",", " ").split() for row in text.strip("[]() ").split(";")]
    tokens = tuple(token for row in rows for token in row)
    if not tokens or not all(map(_WHOLE.match, tokens)) or len({len(row) for row in rows}) != 1:
        return (), ()
    return tokens, (len(rows), len(rows[0])) if len(rows) > 1 else (len(rows[0]),)


def _labelled(name: str, rest: str, where: Scope) -> list[Said]:
    """`X:v Y:v pixel_mm:v`: one record of the labelled values, and one of each label that has a unit of its own."""
    pairs = _LABELLED.findall(rest)
    if not pairs or _LABELLED.sub("", rest).replace(",", "").strip():
        return []
    inner = [(label, value) for label, value in pairs if "_" not in label]
    said = [Said(label, (value,), (), where) for label, value in pairs if "_" in label]
    if inner:
        labels, values = zip(*inner, strict=True)
        said.insert(0, Said(name, tuple(values), _shape(len(values)), where, "", tuple(labels)))
    return said


def _outside(text: str) -> str:
    """The text with everything inside brackets blanked out, so that positions stay."""
    depth, out = 0, list(text)
    for index, char in enumerate(text):
        if char in "[({":
            depth += 1
        if depth:
            out[index] = " "
        if char in "])}" and depth:
            depth -= 1
            out[index] = " "
    return "".join(out)


def _nameless(prefix: str, text: str) -> Said:
    tokens, shape = _array(text)
    if not tokens:
        raise NoRecord("an array with something in it that is no number")
    return Said(_from_prefix(prefix), tokens, shape)


def _from_prefix(prefix: str) -> str:
    """`TRACE_PY_TRICUBIC_H` names a record without a name `TRICUBIC_H`."""
    return re.sub(r"^TRACE_?(?:C|PY|PYTHON)?_?", "", prefix) or prefix


def _assignments(prefix: str, text: str) -> list[Said]:
    """Every `left = value [unit]` of the line; a chain `V = 1/W = v` gives the last value to the first name."""
    outside, position, said, left = _outside(text), 0, list[Said](), ""
    while (equal := outside.find("=", position)) >= 0:
        between = text[position:equal].strip(" ,;")
        if said and not left and _UNIT.match(between.split("|")[0].strip()):
            left = said[-1].name  # `V = 1 m³ = 1e30 Å³`: the same quantity in another unit
        left = left or between or (said[-1].name if said else "")
        found = _value(text, outside, equal + 1)
        if found is None:  # an expression: the value comes after the next `=`
            position = equal + 1
            continue
        tokens, shape, unit, position = found
        one = _assigned(prefix, left, tokens, shape, unit)
        if said and said[0].scope and not one.scope:
            one = one._replace(scope=said[0].scope)  # `Before x: a = [..] |a| = v`: both stand before x
        said.append(one)
        left = ""
    if not said:
        raise NoRecord("an assignment whose right side is no value")
    return _scoped(said)


def _value(text: str, outside: str, start: int) -> tuple[tuple[str, ...], tuple[int, ...], str, int] | None:
    """Tokens, shape, unit and the position behind them; None where an expression stands there."""
    start += len(text[start:]) - len(text[start:].lstrip())
    following = outside.find("=", start)
    if text[start : start + 1] in ("[", "("):
        end = next((i for i in range(start, len(text)) if outside[i] != " "), len(text))
        end = max(text.rfind("]", start, end), text.rfind(")", start, end)) + 1
        tokens, shape = _array(text[start:end])
        return (tokens, shape, *_unit(text, outside, end)) if tokens else None
    numbers, end = list[str](), start
    while (match := _NUMBER.match(text, end)) and text[match.end() : match.end() + 1] in (
        "",
        " ",
        ",",
        "\t",
        "°",
        ")",
    ):
        numbers.append(match[0])
        end = match.end()
        end += len(text[end:]) - len(text[end:].lstrip(" ,\t"))
    if numbers:
        return (tuple(numbers), _shape(len(numbers)), *_unit(text, outside, end))
    if following >= 0 and re.search(r"[/*(]|\s[.x+-]\s", text[start:following]):
        return None
    if following < 0 or text[start:following].count(",") > 1:
        word = text[start:].strip()
        if not word or (" " in _outside(word).strip() and following < 0):
            return None
        return (word,), (), "", len(text)
    word = re.split(r"[,\s]", text[start:], maxsplit=1)[0]
    return ((word,), (), "", start + len(word)) if word else None


def _unit(text: str, outside: str, end: int) -> tuple[str, int]:
    """The unit behind a value, if the next word is one, and where the next assignment may begin."""
    match = re.match(r"\s*([^\s=,|]+)", text[end:])
    if match and _UNIT.match(match[1]):
        behind = end + match.end()
        return match[1], behind
    return "", end


def _assigned(prefix: str, left: str, tokens: tuple[str, ...], shape: tuple[int, ...], unit: str) -> Said:
    """Name, unit and place out of the left side: `Before x: a_star`, `S (Å⁻¹)`, `pixel[3,4]`, `[0,1,2]`."""
    section, _, name = left.rpartition(": ")
    scope: Scope = (("section", section.strip()),) if section else ()
    name = name.strip(" ,;:")
    index = re.search(r"\[([^\]]*)\]\Z", name)
    if index:
        scope, name = (*scope, ("index", index[1].replace(" ", ""))), name[: index.start()].strip()
    behind = re.search(r"\s*\(([^()]*)\)\Z", name)
    if behind and _UNIT.match(behind[1]):
        unit, name = unit or behind[1], name[: behind.start()]
    name = re.sub(r"\s*\(", "(", name)
    name = re.sub(r"\s+", "_", name)
    return Said(name or _from_prefix(prefix), tokens, shape, scope, unit)


def _scoped(said: list[Said]) -> list[Said]:
    """Leading loop indices (`phi_tic=0`) say where the others are; alone on a line they are records."""
    place: list[tuple[str, str]] = []
    for one in said[:-1]:
        if not (_LOOP.match(one.name) and len(one.tokens) == 1):
            break
        place.append((one.name, one.tokens[0]))
    if not place:
        return said
    return [one._replace(scope=(*one.scope, *place)) for one in said[len(place) :]]
