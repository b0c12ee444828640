"""Toy programs that are not ours: they write an image and TRACE lines, start in a blink, and fail in known ways."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from run_repos import git, make_repo

# I = scale * F^2 * (1 + slow * fast), a ramp that no constant factor can make correlate less: the fault adds a tilt.
PROGRAM = '''\
"""A toy detector of 6 x 5 pixels: toy.py [ARGS] IMAGE [SLOW FAST]."""
import os, struct, sys

PORT = {port}
TILT = {tilt}

words = sys.argv[1:]
base = float(words.pop(0))
image, slow, fast = words[0], *([int(w) for w in words[1:3]] or [-1, -1])
tilt = TILT
if PORT and os.path.exists("table.bin"):
    tilt += 3.0
if PORT and os.path.exists("left.bin") and os.path.exists("right.bin"):
    tilt += 5.0
if PORT and os.environ.get("TOY_TILT"):
    tilt += float(os.environ["TOY_TILT"])
if PORT and os.path.exists("coin"):  # it names a file outside that counts the runs: every other one fails
    with open(open("coin").read(), "a+") as counter:
        counter.write("x")
        tilt += counter.tell() % 2
F = base + tilt
def intensity(s, f):
    return F * (1 + s * f) + 20 * tilt * (s - f) ** 2
if slow >= 0:
    print("TRACE: tilt %.17g" % tilt)
    print("TRACE: F_base %.17g" % base)
    print("TRACE: F_cell %.17g" % F)
    print("TRACE: I_pixel_final %.17g" % intensity(slow, fast))
head = "{{'descr': '<f8', 'fortran_order': False, 'shape': (6, 5), }}"
head += " " * (117 - len(head)) + "\\n"
with open(image, "wb") as file:
    file.write(b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(head)) + head.encode())
    file.write(struct.pack("<30d", *(intensity(s, f) for s in range(6) for f in range(5))))
'''
CATALOGUE = """\
title = "toy"
origin = "the toy program itself"

[quantity.tilt]
kind = "input"

[quantity.F_base]
kind = "input"

[quantity.F_cell]
parents = ["F_base", "tilt"]
formula = "F_base + tilt"

[quantity.I_pixel_final]
parents = ["F_cell", "tilt"]
"""
INQUIRY = """\
{history}directory = "work"
catalogue = "toy.toml"

[reference]
command = "{{python}} HOME/reference.py {{args}} {{image}}.npy"
trace = "{{python}} HOME/reference.py {{args}} {{image}}.npy {{slow}} {{fast}}"

[candidate]
command = "{{python}} {port} {{args}} {{image}}.npy"
trace = "{{python}} {port} {{args}} {{image}}.npy {{slow}} {{fast}}"

[[case]]
name = "plain"
args = "10"
"""


def program(*, port: bool, tilt: float = 0.0) -> str:
    """The source of a toy; the port also looks at what lies around."""
    return PROGRAM.format(port=port, tilt=tilt)


def pair(folder: Path, tilt: float = 0.0) -> None:
    """reference.py, port.py, an empty work directory and a firstbad.toml without a history."""
    (folder / "reference.py").write_text(program(port=False))
    (folder / "port.py").write_text(program(port=True, tilt=tilt))
    inquiry(folder, "", "HOME/port.py")


def inquiry(folder: Path, history: str, port: str) -> None:
    (folder / "work").mkdir(exist_ok=True)
    (folder / "toy.toml").write_text(CATALOGUE)
    text = INQUIRY.format(history=history, port=port).replace("HOME", str(folder))
    (folder / "firstbad.toml").write_text(text)


def tilted(folder: Path) -> None:
    """A pair whose port is wrong, with no history to search."""
    pair(folder, tilt=2.0)


def one_file(folder: Path) -> None:
    """table.bin among harmless files makes the port wrong."""
    pair(folder)
    for name in ("notes.txt", "table.bin", "other.dat"):
        (folder / "work" / name).write_text(name)


def parent_file(folder: Path) -> None:
    """A file beside the working directory, one level up, makes the port wrong."""
    pair(folder)
    port = folder / "port.py"
    port.write_text(port.read_text().replace('"table.bin"', '"../tilt.txt"'))
    (folder / "tilt.txt").write_text("3")
    (folder / "work" / "notes.txt").write_text("nothing")


def two_files(folder: Path) -> None:
    """left.bin and right.bin make the port wrong only together."""
    pair(folder)
    for name in ("left.bin", "notes.txt", "other.dat", "right.bin"):
        (folder / "work" / name).write_text(name)


def coin(folder: Path) -> None:
    """Every other run of the port is wrong."""
    pair(folder)
    (folder / "work" / "coin").write_text(str(folder / "counter"))


def _history(folder: Path, broken_from: int, count: int = 8) -> list[str]:
    (folder / "reference.py").write_text(program(port=False))

    def files(i: int) -> dict[str, str]:
        return {"port.py": program(port=True, tilt=2.0 if i >= broken_from else 0.0), "notes.txt": f"note {i}\n"}

    return make_repo(folder / "repo", count, files)


def broken_commit(folder: Path) -> None:
    """Eight commits; the sixth tilts the port."""
    ids = _history(folder, 5)
    inquiry(folder, f'good = "{ids[0]}"\nbad = "{ids[-1]}"\nrepository = "repo"\n', "{tree}/port.py")


def always_broken(folder: Path) -> None:
    """Eight commits, all of them wrong: the good commit is bad."""
    ids = _history(folder, 0)
    inquiry(folder, f'good = "{ids[0]}"\nbad = "{ids[-1]}"\nrepository = "repo"\n', "{tree}/port.py")


def repo(folder: Path) -> dict[str, str]:
    """Ten commits of prog.py, which exits 1 from the seventh on."""
    return _commits(folder, 6, range(0))


def repo_with_holes(folder: Path) -> dict[str, str]:
    """The same, but three commits before the fault cannot even import."""
    return _commits(folder, 6, range(4, 7))


def repo_always_bad(folder: Path) -> dict[str, str]:
    """Every commit exits 1."""
    return _commits(folder, 0, range(0))


def _commits(folder: Path, bad_from: int, broken: range) -> dict[str, str]:
    def files(i: int) -> dict[str, str]:
        status = 125 if i in broken else int(i >= bad_from)
        return {"prog.py": f"import sys\nprint('commit {i}')\nsys.exit({status})\n"}

    ids = make_repo(folder / "repo", 10, files)
    git(folder / "repo", "config", "gc.auto", "0")
    return {"first": ids[0], "last": ids[-1], "fifth": ids[4], "python": sys.executable}


def stores(folder: Path) -> None:
    """r.zarr and c.zarr, 6 x 5 pixels: the candidate has another F_base in two rows, and a tilt in one column."""
    import numpy as np
    from firstbad.tracer.store import Column
    from firstbad.tracer.store_writer import StoreWriter, whole_image

    slow, fast = whole_image((6, 5)).T.astype(float)
    (folder / "toy.toml").write_text(
        CATALOGUE.replace('"F_cell", "tilt"]', '"F_cell"]\nformula = "2*F_cell"\nfinal = true')
    )
    for name, base, tilt in (("r", 10 + 0 * slow, 0 * fast), ("c", 10 + (slow > 3), 2.0 * (fast == 1))):
        columns = {"tilt": tilt, "F_base": base, "F_cell": base + tilt, "I_pixel_final": 2 * (base + tilt)}
        with StoreWriter(folder / f"{name}.zarr", (6, 5), [Column(n) for n in columns]) as writer:
            writer.append({n: np.asarray(v, dtype=float) for n, v in columns.items()})


def untidy(folder: Path) -> dict[str, str]:
    """A script that adds numbers up, and what has piled up around it: one stale file brings a failure."""
    (folder / "sum.py").write_text(
        "import os, sys\n"
        'scale = float(open("defaults.cfg").read()) if os.path.exists("defaults.cfg") else 1.0\n'
        "total = scale * sum(float(x) for x in sys.argv[1:])\n"
        'print("total", total)\n'
        'sys.exit(f"{total} is not 6" if total != 6 else 0)\n'
    )
    (folder / "defaults.cfg").write_text("1.02\n")
    for name in ("a.hkl", "b.hkl", "image.img", "notes.txt", "old/run1.log", "old/run2.log", "spots.csv", "todo.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    return {"python": sys.executable}


def program_of_flags(folder: Path) -> dict[str, str]:
    """A script whose total is wrong with -interpolate, and with -fast where -threads is given as well."""
    (folder / "sim.py").write_text(
        "import sys\n"
        "words = set(sys.argv[1:])\n"
        'wrong = "-interpolate" in words or {"-fast", "-threads"} <= words\n'
        'sys.exit("the total is 5" if wrong else 0)\n'
    )
    return {"python": sys.executable}


def repo_of_edits(folder: Path) -> dict[str, str]:
    """Eight commits; the fifth changes three places of one file, and one of them matters."""

    def files(i: int) -> dict[str, str]:
        new = i >= 4
        lines = [f"# step {i // 4}", "import sys", f"K = {1.02 if new else 1.0}", "total = 6 * K", f"# {'x' * new}"]
        return {"prog.py": "\n".join([*lines, "print(total)", "sys.exit(total != 6)\n"]), "n.txt": f"{i}\n"}

    ids = make_repo(folder / "repo", 8, files)
    return {"first": ids[0], "last": ids[-1], "python": sys.executable}


def stale_cache(folder: Path) -> None:
    """c.log: the C program in a directory where an earlier run left Fdump.bin. torch.log: the port in an empty one."""
    from firstbad.sim import reference
    from transcripts import perform

    line = "-cell 70 80 90 -default_F 100 -N 3 -lambda 1.1 -distance 90 -detpixels 10 -seed 1 -trace_pixel 5 4"
    words = shlex.split(line)
    rows = (f"{h} {k} {l} {90 + 7 * h + 5 * k + l}" for h in range(-4, 5) for k in range(-4, 5) for l in range(-4, 5))  # noqa: E741
    (folder / "left").mkdir()
    (folder / "empty").mkdir()
    (folder / "left/P1.hkl").write_text("\n".join(rows) + "\n")
    reference.run([*words, "-hkl", "P1.hkl"], cwd=folder / "left")
    (folder / "c.log").write_bytes(reference.run(words, cwd=folder / "left").stdout)
    (folder / "torch.log").write_text(perform(["sim", *words, "--threads", "1"], folder / "empty")[1])
