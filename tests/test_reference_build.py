"""Building and finding the reference: cached, safe with many at once, and clear about what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from firstbad.sim import reference
from firstbad.tracer.errors import FirstbadError
from reference_runs import BASE, run

EMPTY = "int main(void) { return 0; }\n"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "reference.c").write_text(EMPTY)
    return folder


def test_the_second_build_is_the_first(tiny: Path, tmp_path: Path) -> None:
    first = reference.build(source_dir=tiny, out_dir=tmp_path / "cache")
    stamp = first.stat().st_mtime_ns
    assert reference.build(source_dir=tiny, out_dir=tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == stamp
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [first.name]


def test_sources_and_flags_are_part_of_the_name(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    names = {
        reference.build(source_dir=tiny, out_dir=cache),
        reference.build(source_dir=tiny, out_dir=cache, cflags=["-O0"]),
    }
    (tiny / "reference.c").write_text(EMPTY + "/* changed */\n")
    names.add(reference.build(source_dir=tiny, out_dir=cache))
    assert len(names) == 3


def test_many_at_once(tiny: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: reference.build(source_dir=tiny, out_dir=tmp_path / "cache"), range(8)))
    assert len(set(built)) == 1
    assert subprocess.run([str(built[0])]).returncode == 0


def test_the_package_folder_is_not_written(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(reference.SOURCES, package, ignore=shutil.ignore_patterns("build"))
    before = sorted(p.name for p in package.iterdir())
    package.chmod(0o555)
    try:
        built = reference.build(source_dir=package, out_dir=tmp_path / "cache", cflags=["-O0"])
    finally:
        package.chmod(0o755)
    assert sorted(p.name for p in package.iterdir()) == before
    assert run(built, tmp_path / "run", *BASE).status == 0


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FirstbadError, match="apt install gcc") as caught:
        reference.build()
    assert caught.value.slug == "no-compiler"


def test_cc_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -O9")
    with pytest.raises(FirstbadError, match="no-such-compiler"):
        reference.build()


def test_cc_may_hold_arguments(monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", f"{reference.compiler()[0]} -DUNUSED=1")
    assert reference.build(source_dir=tiny, out_dir=tmp_path / "cache").is_file()


def test_a_source_that_does_not_compile(tiny: Path, tmp_path: Path) -> None:
    (tiny / "reference.c").write_text("int main(void) { return nothing; }\n")
    with pytest.raises(FirstbadError, match="nothing") as caught:
        reference.build(source_dir=tiny, out_dir=tmp_path / "cache")
    assert caught.value.slug == "reference-build"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_without_sources(tmp_path: Path) -> None:
    with pytest.raises(FirstbadError, match="no C sources"):
        reference.build(source_dir=tmp_path)


def test_a_cache_that_cannot_be_written(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FirstbadError, match="FIRSTBAD_CACHE"):
        reference.build(source_dir=tiny, out_dir=tmp_path / "file" / "cache")


def test_nb_c_bin(monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("NB_C_BIN", str(tmp_path / "missing"))
    with pytest.raises(FirstbadError, match="NB_C_BIN names"):
        reference.program()
    built = reference.build(source_dir=tiny, out_dir=tmp_path / "cache")
    monkeypatch.setenv("NB_C_BIN", str(built))
    assert reference.program() == built.resolve()
    assert reference.run(["anything"], cwd=tmp_path) == reference.CompletedReference(0, b"", b"")


def test_run_reports_the_status_and_stops_what_never_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NB_C_BIN", raising=False)
    assert reference.run([], cwd=tmp_path).returncode == 9
    slow = tmp_path / "slow"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    slow.chmod(0o755)
    monkeypatch.setenv("NB_C_BIN", str(slow))
    with pytest.raises(FirstbadError, match=r"did not end within 0\.3 s"):
        reference.run([], cwd=tmp_path, timeout=0.3)


def test_warnings_are_none(tmp_path: Path) -> None:
    """The sources compile without a word at -Wall -Wextra -Wpedantic -Wconversion, also with tracing compiled out."""
    strict = ["-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    assert reference.build(cflags=strict, out_dir=tmp_path).is_file()


def test_tracing_compiled_out_changes_no_pixel(tmp_path: Path) -> None:
    silent = reference.build(cflags=[*reference.EXACT_FLAGS, "-DFIRSTBAD_TRACE_OFF"], out_dir=tmp_path)
    without = run(silent, tmp_path / "off", *BASE, "-trace_pixel", "3", "4")
    traced = run(reference.build(), tmp_path / "on", *BASE, "-trace_pixel", "3", "4", "--seal=off")
    assert without.image.tobytes() == traced.image.tobytes()
    assert without.lines == [line for line in traced.lines if not line.startswith("TRACE")]
