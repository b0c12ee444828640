"""What was configured differently, and the notes: manifests, arguments, records, inferred numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.diff import Diff
from firstbad.tracer.model import Input, Manifest, Trace
from firstbad.tracer.text import parse
from small_traces import catalogue, diff, sealed, told, trace

KNOWN = from_document({
    "option": [{"flag": "-lambda|-wave", "says": "wave"}],
    "quantity": {
        "mode": {"kind": "config"},
        "a": {"kind": "input"},
        "b": {"parents": ["a"], "formula": "2*a"},
        "table": {"kind": "input", "parents": ["b"]},
        "k": {"kind": "constant"},
    },
})  # fmt: skip


def settings(found: Diff) -> list[tuple[str, object, object, str]]:
    return [(s.name, s.reference, s.candidate, s.source) for s in found.config]


# ---- facts of the manifest -----------------------------------------------------------------------------------


def test_a_fact_that_differs_is_a_setting_of_the_manifest() -> None:
    found = diff(KNOWN, sealed("a 1", pixel="1,2", seed="1"), sealed("a 1", pixel="3,4", seed="1"))
    assert settings(found) == [("pixel", "1,2", "3,4", "manifest")]


def test_a_fact_that_one_side_alone_states_is_none() -> None:
    assert settings(diff(KNOWN, sealed("a 1", pixel="1"), sealed("a 1", other="2"))) == []
    assert settings(diff(KNOWN, sealed("a 1", pixel="1"), trace("a 1"))) == []


@pytest.mark.parametrize("fact", ["side", "program", "digits", "threads", "device", "dtype", "args"])
def test_two_programs_may_well_differ_in_what_they_are_and_how_they_ran(fact: str) -> None:
    assert settings(diff(KNOWN, sealed("a 1", **{fact: "17"}), sealed("a 1", **{fact: "18"}))) == []


# ---- arguments -----------------------------------------------------------------------------------------------


def test_arguments_are_compared_one_by_one() -> None:
    found = diff(KNOWN, sealed("a 1", args="-lambda 1 -N 5"), sealed("a 1", args="-lambda 2 -N 5"))
    assert settings(found) == [("-lambda", "1", "2", "argument")]
    found = diff(KNOWN, sealed("a 1", args="-lambda 1"), sealed("a 1", args="-x"))
    assert settings(found) == [("-lambda", "1", None, "argument")]


def test_arguments_that_one_side_does_not_tell_are_not_compared() -> None:
    assert settings(diff(KNOWN, sealed("a 1", args="-lambda 1"), sealed("a 1", pixel="1"))) == []
    assert settings(diff(KNOWN, sealed("a 1", pixel="1"), sealed("a 1", args="-lambda 1"))) == []


def test_a_file_that_one_run_read_and_the_other_did_not_is_a_setting() -> None:
    table = (Input("here/table.bin", 10, 0xABC),)
    a, b = (sealed("a 1", inputs="told") for _ in range(2))
    assert settings(diff(KNOWN, replace(a, inputs=table), b)) == [
        ("file table.bin", "10 bytes (CRC-32 00000abc)", "not read", "input")
    ]
    assert settings(diff(KNOWN, replace(a, inputs=table), replace(b, inputs=table))) == []


# ---- records -------------------------------------------------------------------------------------------------


def test_settings_and_inputs_are_told_once_by_their_first_pair_that_differs() -> None:
    a, b = "mode fast; a 1; k 1; a 2; a 3", "mode slow; a 1; k 2; a 5; a 6"
    assert settings(diff(KNOWN, a, b)) == [("mode", "fast", "slow", "record"), ("a", 2.0, 5.0, "record")]


def test_a_vector_is_told_as_its_values() -> None:
    assert settings(diff(KNOWN, "a 1 2", "a 1 3")) == [("a", (1.0, 2.0), (1.0, 3.0), "record")]


def test_a_value_that_is_looked_up_by_another_is_no_setting_but_a_setting_with_parents_is() -> None:
    assert settings(diff(KNOWN, "b 2; table 1", "b 2; table 5")) == []
    known = catalogue('[a]\n[mode]\nkind = "config"\nparents = ["a"]')
    assert settings(diff(known, "a 1; mode 1", "a 1; mode 2")) == [("mode", 1.0, 2.0, "record")]


def test_an_input_that_heals_is_a_wrong_label_and_no_setting() -> None:
    found = diff(KNOWN, "a 1; b 2; k 1", "a 3; b 2; k 1")
    assert (told(found), settings(found)) == ({"a": "healed"}, [])
    found = diff(KNOWN, "a 1; b 2; mode 1", "a 3; b 2; mode 2")
    assert settings(found) == [("mode", 1.0, 2.0, "record")]


def test_what_one_side_alone_has_and_what_agrees_is_no_setting() -> None:
    assert settings(diff(KNOWN, "mode 1; a 1", "a 1")) == []
    assert settings(diff(KNOWN, "a 1", "mode 1; a 1")) == []
    assert settings(diff(KNOWN, "a 1; strange 1; b 2", "a 1; strange 2; b 3")) == []


# ---- inferred parameters -------------------------------------------------------------------------------------

COUNTED = catalogue("""
[parameter.N]
kind = "integer"
most = 50
[h]
kind = "input"
[F]
parents = ["h"]
formula = "sincg(pi*h, N)"
""")
H = 0.3141592653589


def grating(n: int, times: float = 1.0) -> str:
    return f"h {H}; F {times * math.sin(n * math.pi * H) / math.sin(math.pi * H)!r}"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (grating(5), grating(5), []),
        (grating(5), grating(7), [("N", 5.0, 7.0, "inferred")]),
        (grating(5), grating(5, 1.01), [("N", 5.0, None, "inferred")]),  # no whole number fits there
        (grating(5, 1.01), grating(5), [("N", None, 5.0, "inferred")]),
        (grating(5), "F 1", []),  # the candidate lacks h: nothing is known of its N
        ("F 1", grating(5), []),
        (grating(5), "h 0.25", []),
        (grating(5, 1.01), grating(5, 1.02), []),  # no formula holds that needs it
    ],
)
def test_an_inferred_number_is_a_setting_where_it_differs_or_cannot_be(
    a: str, b: str, expected: list[tuple[str, object, object, str]]
) -> None:
    assert [s for s in settings(diff(COUNTED, a, b)) if s[3] == "inferred"] == expected


def test_a_number_that_was_inferred_in_vain_is_no_setting() -> None:
    """`solve` gives one on either side, but no formula that reads it holds."""
    text = """
    [parameter.P]
    kind = "decimal"
    solve = "y - x"
    [x]
    kind = "input"
    [y]
    parents = ["x"]
    formula = "{}"
    """
    a, b = "x 2; y 5", "x 2; y 6"
    held = diff(catalogue(text.format("x + P")), a, b)
    vain = diff(catalogue(text.format("x - P")), a, b)
    assert (list(held.parameters.values()), settings(held)) == ([{"P": 3.0}, {"P": 4.0}], [("P", 3.0, 4.0, "inferred")])
    assert (list(vain.parameters.values()), settings(vain)) == ([{"P": 3.0}, {"P": 4.0}], [])


# ---- notes ---------------------------------------------------------------------------------------------------

UNSEALED = [f"the {side} is unsealed: nothing tells whether it is whole" for side in ("reference", "candidate")]


def test_an_unsealed_side_is_noted() -> None:
    whole = sealed("a 1", side="C")
    assert diff(KNOWN, whole, whole).notes == ()
    assert list(diff(KNOWN, trace("a 1"), whole).notes) == UNSEALED[:1]
    assert list(diff(KNOWN, whole, trace("a 1")).notes) == UNSEALED[1:]


@pytest.mark.parametrize(("text", "count"), [("TRACE: b\n", "1 TRACE line"), ("TRACE: b\nTRACE: c\n", "2 TRACE lines")])
def test_lines_that_became_no_record_are_counted(text: str, count: str) -> None:
    skipping = replace(parse(f"TRACE: a 1\n{text}"), manifest=Manifest())
    notes = diff(KNOWN, skipping, sealed("a 1")).notes
    assert notes == (f"the reference has {count} that became no record",)


FLOAT32 = "".join(
    f"F {x!r}\n" for x in (1.100000023841858, 2.200000047683716, 3.299999952316284, 4.400000095367432) * 2
)


@pytest.mark.parametrize(
    ("side", "measured", "note"),
    [
        (sealed("a 1", dtype="float32"), {}, "its manifest says so): float32 noise is granted, by rule"),
        (sealed(FLOAT32), {}, "most long numbers are): float32 noise is granted, by rule"),
        (
            sealed(FLOAT32, dtype="torch.float32"),
            {"float32": {"a": 3.0}},
            "its manifest says so): float32 noise is granted, measured in reruns",
        ),
        (sealed(FLOAT32), {"float64": {"a": 3.0}}, "most long numbers are): float32 noise is granted, by rule"),
    ],
)
def test_a_float32_side_is_noted_with_how_that_is_known(
    side: Trace, measured: dict[str, dict[str, float]], note: str
) -> None:
    side = replace(side, records=tuple(r for r in side.records if r.quantity != "shown"))
    known = replace(KNOWN, measured=measured)
    assert [n for n in diff(known, side, side).notes if "float32" in n] == [
        f"the reference computed in float32 ({note}",
        f"the candidate computed in float32 ({note}",
    ]
    assert not any("float32" in n for n in diff(known, sealed("a 1", dtype="float64"), sealed("a 1")).notes)


def test_without_a_catalogue_the_notes_say_what_stands_in_for_the_graph() -> None:
    whole = sealed("a 1")
    assert diff(Catalogue(), whole, whole).notes == (
        "there is no catalogue: order stands in for the graph, so only the first difference is an origin",
    )


def strangers(count: int) -> tuple[Trace, Trace]:
    """Two traces that differ in so many quantities that the catalogue does not know, and in one that it does."""
    names = [f"s{i}" for i in range(count)]
    return tuple(sealed("a 1; " + "; ".join(f"{n} {value}" for n in names) + f"; b {value}") for value in (2, 3))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("count", "which"), [(1, "s0"), (2, "s0, s1"), (3, "s0, s1, s2"), (4, "s0, s1, s2 …"), (5, "s0, s1, s2 …")]
)
def test_unknown_quantities_that_differ_are_named_up_to_three(count: int, which: str) -> None:
    assert diff(KNOWN, *strangers(count)).notes == (
        f"the catalogue does not know {which}: order stands in for the graph there",
    )


def test_known_quantities_that_differ_and_unknown_ones_that_agree_are_not_named() -> None:
    assert diff(KNOWN, sealed("a 1; s 1; b 2"), sealed("a 1; s 1; b 3")).notes == ()
