"""nanoBragg's catalogue: it loads, it is sound, it has the field's names; other programs bring theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from firstbad.tracer.catalogue import DEFAULT, from_document, load
from firstbad.tracer.catalogue_check import SCOPES
from firstbad.tracer.closure import check
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.text import parse
from firstbad.tracer.view import LEVELS

# The lines that the program prints for a traced pixel (A1 to D14 of its trace).
PIXEL_LINES = """
pix0_vector_meters fdet_vec sdet_vec pixel_pos_meters R_distance_meters omega_pixel_sr close_distance_meters
obliquity_factor diffracted_vec incident_vec lambda_meters lambda_angstroms scattering_vec_A_inv rot_a_angstroms
rot_b_angstroms rot_c_angstroms rot_a_star_A_inv rot_b_star_A_inv rot_c_star_A_inv hkl_frac hkl_rounded F_latt_a F_latt_b
F_latt_c F_latt F_cell I_before_scaling r_e_meters r_e_sqr fluence_photons_per_m2 steps oversample_thick oversample_polar
oversample_omega capture_fraction polar omega_pixel cos_2theta I_pixel_final floatimage_accumulated
"""
SETUP_LINES = """
detector_convention angles_rad beam_center_m initial_fdet initial_sdet initial_odet Rx Ry Rz R_total fdet_after_rotz
sdet_after_rotz odet_after_rotz twotheta_axis fdet_after_twotheta sdet_after_twotheta odet_after_twotheta
convention_mapping Fbeam_m Sbeam_m distance_m term_fast term_slow term_beam pix0_vector
"""


def test_every_line_of_the_program_is_a_quantity() -> None:
    catalogue = load()
    assert [name for name in (PIXEL_LINES + SETUP_LINES).split() if catalogue.get(name) is None] == []


def test_everything_leads_to_the_final_intensity() -> None:
    catalogue = load()
    ancestors = catalogue.ancestors("floatimage_accumulated")
    physics = set(PIXEL_LINES.split()) - {"cos_2theta", "obliquity_factor", "floatimage_accumulated"}
    physics -= {f"rot_{x}_star_A_inv" for x in "abc"}
    assert physics <= ancestors
    assert catalogue.quantities["I_pixel_final"].final


def test_parents_come_before_children() -> None:
    catalogue = load()
    place = {name: index for index, name in enumerate(catalogue.order)}
    assert all(place[parent] < place[q.name] for q in catalogue for parent in q.parents)
    assert all(q.name in catalogue.children[parent] for q in catalogue for parent in q.parents)


def test_aliases_lead_to_names() -> None:
    catalogue = load()
    assert catalogue.canonical("pixel_pos") == "pixel_pos_meters"
    assert catalogue.canonical("After re-generation/a_star") == "a_star_final"
    assert catalogue.canonical("no such thing") == "no such thing"


def test_every_special_noise_rule_has_a_reason() -> None:
    assert all(len(q.noise.why) > 10 for q in load())


def test_units_are_given_where_there_is_one() -> None:
    bare = {q.name for q in load() if not q.unit}
    assert not bare & {
        "pixel_pos_meters",
        "lambda_meters",
        "scattering_vec_A_inv",
        "fluence_photons_per_m2",
        "omega_pixel",
    }


def test_it_is_loaded_once() -> None:
    assert load() is load() is load(DEFAULT)


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[quantity.x]\nkind = "input"\n[quantity.y]\nparents = ["x"]\nformula = "x*x"\n')
    catalogue = load(path)
    assert [q.name for q in catalogue] == ["x", "y"] and catalogue


@pytest.mark.parametrize(
    ("text", "slug"),
    [(None, "catalogue-missing"), ("[quantity.x\n", "catalogue-syntax"), ("x = 1\n", "catalogue-entry")],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str | None, slug: str) -> None:
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FirstbadError) as caught:
        load(path)
    assert caught.value.slug == slug and "bad.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_relative_name_means_the_file_of_the_directory_of_now(tmp_path, monkeypatch):
    for title in ("one", "two"):
        (tmp_path / title).mkdir()
        (tmp_path / title / "mine.toml").write_text(f'title = "{title}"')
        monkeypatch.chdir(tmp_path / title)
        assert load("mine.toml").name == title


@pytest.mark.parametrize(
    "entry",
    [
        {"formula": [{"is": "1", "when": "count(typo) > 0"}]},
        {"formula": "1", "of": "norm(typo)"},
        {"formula": [{"is": "1", "of": "typo + x"}]},
        {"formula": [{"is": "1", "of": "other"}]},
    ],
)
def test_what_a_condition_or_an_invariant_reads_must_exist(entry: dict[str, object]) -> None:
    """A condition over a name that nothing gives would never hold, and nobody would know."""
    with pytest.raises(FirstbadError, match=r"quantity\.x has a formula over '(typo|other)'"):
        from_document({"quantity": {"x": entry, "other": {}}})


def test_a_condition_may_read_any_quantity_and_an_invariant_the_parents() -> None:
    parts = {"is": "2*y", "when": "count(other) == 0", "of": "x + y"}
    known = from_document({"quantity": {"x": {"parents": ["y"], "formula": [parts]}, "y": {}, "other": {}}})
    (alternative,) = known.quantities["x"].formulas
    assert alternative.of is not None and alternative.of.names == {"x", "y"}
    assert known.quantities["x"].values == (), "it gives no value of x"


def test_the_scopes_that_an_entry_may_have_are_those_that_decide() -> None:
    assert tuple(LEVELS) == SCOPES


@pytest.mark.parametrize(
    ("parents", "way"),
    [
        ({"x": ["x"]}, "x is computed from itself: x from x"),
        ({"x": ["y"], "y": ["x"]}, "x is computed from itself: x from y from x"),
        ({"a": ["x"], "x": ["b", "y"], "b": [], "y": ["x"]}, "x is computed from itself: x from y from x"),
    ],
)
def test_a_quantity_that_is_computed_from_itself_is_told_with_the_way_round(
    parents: dict[str, list[str]], way: str
) -> None:
    with pytest.raises(FirstbadError) as caught:
        from_document({"quantity": {name: {"parents": of} for name, of in parents.items()}})
    assert caught.value.message.endswith(way)
    assert "at(x, index(" in caught.value.remedy


def test_two_ways_to_one_parent_are_no_way_round() -> None:
    known = from_document({"quantity": {"a": {}, "b": {"parents": ["a"]}, "c": {"parents": ["a", "b"]}}})
    assert known.order == ("a", "b", "c")


@pytest.mark.parametrize(
    ("known", "strange", "suits"),
    [(0, 0, True), (1, 1, True), (1, 2, False), (2, 2, True), (2, 3, False), (3, 12, True), (3, 13, False), (4, 16, True),
     (4, 17, False), (9, 36, True), (9, 37, False), (10, 500, True)],
)  # fmt: skip
def test_a_catalogue_suits_traces_of_which_it_knows_enough_names(known: int, strange: int, suits: bool) -> None:
    catalogue = from_document(
        {"quantity": {f"q{i}": {"aliases": [f"a{i}"]} for i in range(9)}, "parameter": {"n": {"kind": "integer"}}}
    )
    own = ["n", "a0", *(f"q{i}" for i in range(1, 9))]
    assert all(map(catalogue.knows, own)) and not catalogue.knows("strange")
    assert catalogue.suits({*own[:known], *(f"strange{i}" for i in range(strange))}) is suits


@pytest.mark.parametrize("shape", [3, "3", [3.5], ["a"], [True], [0], {"n": 3}])
def test_a_shape_that_is_no_list_of_lengths_is_refused(shape: object) -> None:
    with pytest.raises(FirstbadError, match=r"quantity\.x has a shape that is no list of lengths"):
        from_document({"quantity": {"x": {"shape": shape}}})


RENAME = "Give it another name, and the printed one as an alias: [quantity.wavelength], aliases = ['lambda']."


@pytest.mark.parametrize(
    ("name", "why"),
    [("lambda", "Python keeps for itself"), ("yield", "Python keeps for itself"), ("grid.dx", "it holds a point")],
)
def test_a_name_that_no_formula_can_read_is_refused_with_a_way_out(name: str, why: str) -> None:
    document = {"quantity": {name: {}, "k": {"parents": [name], "formula": f"2*pi/{name}"}}}
    with pytest.raises(FirstbadError) as told:
        from_document(document)
    assert f"quantity.k has a formula that cannot be used: '2*pi/{name}' reads {name!r}, which " in str(told.value)
    assert why in str(told.value) and RENAME in str(told.value)
    cured = from_document({"quantity": {"w": {"aliases": [name]}, "k": {"parents": ["w"], "formula": "2*pi/w"}}})
    found = compare(*(parse(f"TRACE: {name} 2\nTRACE: k {k}\n") for k in ("3.141592653589793", "3.15")), cured)
    assert [(f.quantity, str(f.side)) for f in found.origins] == [("k", "candidate")]


def test_a_name_that_no_formula_reads_may_be_any() -> None:
    assert [q.name for q in from_document({"quantity": {"lambda": {}, "grid.dx": {}}})] == ["lambda", "grid.dx"]


@pytest.mark.parametrize(
    ("document", "entry"),
    [
        ({"quantity": {"pi": {}}}, "quantity.pi"),
        ({"parameter": {"pi": {"kind": "integer"}}}, "parameter.pi"),
        ({"option": [{"flag": "-pi", "says": "pi"}]}, "value.pi"),
        ({"console": [{"line": "pi is (?P<pi>.*)"}]}, "value.pi"),
        ({"asked": {"pi": {"formula": "1"}}}, "value.pi"),
    ],
)
def test_the_name_of_a_constant_is_refused(document: dict[str, object], entry: str) -> None:
    """Formulas would read the constant, whatever the program prints."""
    with pytest.raises(FirstbadError) as told:
        from_document(document)
    said = f"{entry} has the name of a constant, which formulas read instead. {RENAME}"
    assert said in str(told.value)


def test_a_quantity_may_be_called_as_a_function_is() -> None:
    """A function is told by its bracket, so that nothing is read instead."""
    known = from_document(
        {"quantity": {"sum": {}, "norm": {}, "y": {"parents": ["sum", "norm"], "formula": "sum + norm"}}}
    )
    results = check(parse("TRACE: sum 1.5\nTRACE: norm 2.25\nTRACE: y 3.75\n"), known)
    assert [r.holds for r in results if r.quantity == "y"] == [True]


def test_a_sum_of_too_many_terms_is_said_to_be_that() -> None:
    known = from_document({"quantity": {"n": {}, "y": {"parents": ["n"], "formula": "sum(i, n, i)"}}})
    (result,) = (r for r in check(parse("TRACE: n 1000000000\nTRACE: y 1.5\n"), known) if r.quantity == "y")
    assert result.holds is None
    assert result.why == "a sum of 1000000000 terms is not evaluated: more than 100000 take too long"
