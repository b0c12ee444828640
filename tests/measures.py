"""Measurements behind docs/measures.md and docs/patterns.md: pairing, printing, seals, images, looking, ties, patterns.

    python tests/measures.py                      all of them, as tables
    python tests/measures.py alignment printing   some
    python tests/measures.py seals --share 10     every tenth case only

All draw from fixed seeds. Logs of real programs beside the repository (../shared) are used where they lie there.
"""

from __future__ import annotations

import argparse
import functools
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))

import fault_runs as runs
import image_bench
import measure_align as align
import measure_looking as looking
import measure_print as printing
import measure_seal as seals
import measure_ties as ties
import pattern_worlds as worlds
from firstbad.sim import program, reference
from firstbad.tracer.catalogue import load
from firstbad.tracer.image import compare_images
from firstbad.tracer.model import Trace
from firstbad.tracer.store_stream import read_stream
from firstbad.tracer.text import read

SHARED = Path(__file__).resolve().parents[2] / "shared"
Row = tuple[object, ...]
T = TypeVar("T")


class Logs:
    """What both simulators print on the command lines of the fault bench; they run once each."""

    def __init__(self, folder: Path, share: int = 1) -> None:
        self.folder, self.share, self.catalogue = folder, share, load()
        runs.write_inputs(folder)
        self.lines = runs.command_lines()

    @functools.cache  # noqa: B019
    def log(self, side: str, line: str, steps: bool = True) -> bytes:
        """The output of the reference ("c") or of torch on a line, with every step or the first alone."""
        words = [word for word in self.lines[line].words() if steps or word != "--trace-steps"]
        run = runs.run_torch(program, words, self.folder) if side == "torch" else self._c(words)
        return run.encode()

    def _c(self, words: Sequence[str]) -> str:
        return runs.run_c(reference.build(), words, self.folder)

    def trace(self, side: str, line: str, steps: bool = True) -> Trace:
        """The same as a trace."""
        return runs.read(self.log(side, line, steps).decode(), folder=self.folder)

    def some(self, cases: Iterable[T]) -> Iterator[T]:
        """Every so many-th of the cases."""
        return (case for number, case in enumerate(cases) if number % self.share == 0)


# ---- alignment -----------------------------------------------------------------------------------------------


def alignment(logs: Logs, seeds: int = 5) -> Iterator[Row]:
    """Edits of real traces: precision, recall and F1 of the pairs, one-sided records reported, alarms of order alone."""
    yield (
        "traces",
        "edit",
        "trials",
        "precision",
        "recall",
        "F1",
        "least F1",
        "one-sided reported",
        "judged",
        "alarms",
        "orders that a formula refutes",
    )
    for base, pairs in bases(logs, seeds).items():
        for name in align.EDITS:
            found = align.Score()
            for label, one, two in pairs:
                chance = random.Random(f"{name} {label}")
                judged = name in align.ORDER and label.endswith("0") and "fault" not in base
                score = align.trial(one, two, name, logs.catalogue, chance, judged=judged)
                if score is not None:
                    found.add(score)
            if found.traces:
                numbers = (f"{n:.4f}" for n in (found.precision, found.recall, found.f1, found.least))
                told = f"{found.reported} of {found.alone}"
                yield base, name, found.traces, *numbers, told, found.judged, found.alarms, found.impossible


def bases(logs: Logs, seeds: int) -> dict[str, list[tuple[str, Trace, Trace]]]:
    """Pairs of traces of which the second is edited: of our simulators, and recorded ones beside themselves."""
    cases = [(line, steps, seed) for line in logs.lines for steps in (True, False) for seed in range(seeds)]
    ours = [
        (f"{line} {steps} {seed}", logs.trace("c", line, steps), logs.trace("torch", line, steps))
        for line, steps, seed in logs.some(cases)
    ]
    found = {
        "C beside itself": [(label, one, one) for label, one, _ in ours],
        "C beside torch": ours,
        "C beside torch with a fault": [
            (label, one, align.faulty(two, logs.catalogue, random.Random(label))) for label, one, two in ours
        ],
    }
    recorded = [*sorted(SHARED.glob("reference/*/trace_*.log")), *sorted(SHARED.glob("field/*.log"))]
    if recorded:
        traces = [(f"{path} 0", read(path)) for path in logs.some(recorded)]
        found["recorded logs beside themselves"] = [(name, one, one) for name, one in traces if len(one) >= 20]
    return found


# ---- printing ------------------------------------------------------------------------------------------------


def print_formats(logs: Logs) -> Iterator[Row]:
    """The same values in two formats: comparisons, false alarms, quantities that the text hides, and those not listed."""
    yield "formats of the two sides", "comparisons", "with any alarm", "hidden quantities", "not listed"
    tried, wrong, moved, unlisted = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for line in logs.lines:
        trace = logs.trace("c", line)
        for kind, one, two in logs.some(printing.pairs()):
            tried[kind] += 1
            wrong[kind] += bool(printing.false_alarms(trace, one, two, logs.catalogue))
            count, missing = printing.unlisted(trace, one, logs.catalogue)
            moved[kind] += count
            unlisted[kind] += len(missing)
    yield from ((kind, tried[kind], wrong[kind], moved[kind], unlisted[kind]) for kind in tried)


# ---- seals ---------------------------------------------------------------------------------------------------


def damage(logs: Logs) -> Iterator[Row]:
    """Damaged logs, streams and stores: how many were refused, reported, whole still, or judged as if sound."""
    yield "what", "damage", "cases", "refused", "reported", "whole still", "judged"
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for what, kind, outcome in (*_texts(logs), *_exchanged(logs), *_stream_and_store(logs)):
        kinds[what, kind][outcome] += 1
    for (what, kind), found in kinds.items():
        outcomes = (found[o] for o in (seals.REFUSED, seals.REPORTED, seals.WHOLE, seals.SILENT))
        yield what, kind, found.total(), *outcomes


def _texts(logs: Logs) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(logs.lines):
        for side, other in (("c", "torch"), ("torch", "c")):
            log, chance = logs.log(side, line), random.Random(f"{side} {line}")
            every = logs.share * (1 if line == "cubic" else 17)
            cases = [*seals.text_damage(log, chance, every), *seals.together(log, logs.log(other, line), chance)]
            for kind, damaged in cases:
                yield "log", kind, seals.text_outcome(damaged, log, logs.trace(other, line), logs.catalogue)
                if number == 0:
                    paths = logs.folder / "damaged.log", logs.folder / "other.log"
                    for path, content in zip(paths, (damaged, logs.log(other, line)), strict=True):
                        path.write_bytes(content)
                    yield "long log", kind, seals.streamed_outcome(*paths, log)


def _exchanged(logs: Logs) -> Iterator[tuple[str, str, str]]:
    for line in logs.lines:
        found = seals.exchanged(logs.trace("c", line), logs.trace("torch", line), logs.catalogue)
        yield "log", "sides exchanged", found


def stream_of(logs: Logs, pixels: str) -> Path:
    """The binary stream that the reference writes of some pixels."""
    words = [*logs.lines["cubic"].args, "-nonoise", "-nopgm", f"--trace-pixels={pixels}", "--trace-stream=s.bin"]
    subprocess.run([str(reference.build()), *words], cwd=logs.folder, check=True, capture_output=True)
    return logs.folder / "s.bin"


def _stream_and_store(logs: Logs) -> Iterator[tuple[str, str, str]]:
    stream, chance = stream_of(logs, "3,3;3,4;3,5"), random.Random(1)
    for kind, damaged in seals.stream_damage(stream.read_bytes(), chance, logs.share):
        yield "binary stream", kind, seals.stream_outcome(damaged, logs.folder)
    one, two, hurt = (logs.folder / f"{name}.zarr" for name in ("one", "two", "hurt"))
    for store in (one, two):
        read_stream(stream, store)
    for kind in seals.store_damage(one, hurt, chance, max(1, 12 // logs.share)):
        yield "store", kind, seals.store_outcome(hurt, two)


# ---- images --------------------------------------------------------------------------------------------------


def images(logs: Logs, seeds: int = 20) -> Iterator[Row]:
    """Sound pairs without a finding, mutations caught, and images without content that pass."""
    yield "images", "pairs", "as it should be", "the others"
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    for what, one, two in logs.some((*sound_pairs(logs), *drawn_pairs())):
        found[str(what)][compare_images(one, two).clean] += 1  # type: ignore[arg-type]
    yield from ((what, n.total(), f"{n[True]} clean", n[False]) for what, n in found.items())
    yield from mutations(seeds // logs.share or 1)
    empty = [pair for seed in range(20) for size in (8, 40) for pair in image_bench.without_content(seed, size)]
    passed = sum(compare_images(one, two).passed for _, one, two in empty)
    yield "constant, empty, NaN, infinite", len(empty), f"{len(empty) - passed} do not pass", passed


def drawn_pairs() -> Iterator[Row]:
    """Drawn images as two sound programs would write them, 8 to 512 pixels wide."""
    for size, count in ((8, 12), (13, 12), (16, 12), (32, 12), (64, 12), (128, 6), (256, 3), (512, 2)):
        for kind in image_bench.SCENES:
            for seed in range(count):
                image = image_bench.scene(kind, seed, size)
                for what, one, two in image_bench.roundings(image, seed):
                    yield f"{kind}: {what}", one, two


def sound_pairs(logs: Logs) -> Iterator[Row]:
    """Images of our simulators: the other program, float32, the compiled engine, and arguments whose last bit differs."""
    for line in logs.lines.values():
        for more in ((), ("-detpixels", "48"), ("-detpixels", "130")):
            words = [*line.args, *more]
            ours = looking.as_image(looking.torch_run(words, logs.folder)[0], words)
            others = {
                "C beside torch": looking.c_image(reference.build(), words, logs.folder, "1"),
                "float32 beside float64": looking.torch_run([*words, "--dtype", "float32"], logs.folder)[0],
                "a last bit of the wavelength": looking.torch_run(ties.nudged(words), logs.folder)[0],
            }
            for what, data in others.items():
                yield f"simulators: {what}", ours, looking.as_image(data, words)


def mutations(seeds: int) -> Iterator[Row]:
    """Each mutation on the images of so many seeds: how many are found at all, and how many are named as what they are."""
    trials = found = named = 0
    for name, (make, kind) in image_bench.MUTATIONS.items():
        verdicts = [compare_images(image_bench.peaks(seed), make(seed)) for seed in range(seeds)]
        caught = sum(not verdict.clean for verdict in verdicts)
        hits = sum(kind in {finding.kind for finding in verdict.findings} for verdict in verdicts)
        trials, found, named = trials + seeds, found + caught, named + hits
        if hits < seeds:
            yield f"mutation: {name}", seeds, f"{caught} found, {hits} named {kind}", seeds - caught
    yield f"mutations: all {len(image_bench.MUTATIONS)}", trials, f"{found} found, {named} named", trials - found


# ---- looking and ties ----------------------------------------------------------------------------------------


def look(logs: Logs) -> Iterator[Row]:
    """Images of traced runs that differ from those of untraced ones."""
    yield "program", "traced runs", "with another image", "of which say so"
    wide = replace(logs.lines["cubic"], name="wide", args=(*logs.lines["cubic"].args, "-detpixels", "160"))
    for name, run in (
        ("torch: dtype x engine x threads x tile x way to trace", looking.torch_looked),
        ("C: build x threads x way to trace", looking.c_looked),
    ):
        lines = logs.some((*logs.lines.values(), wide))
        found = [looked for line in lines for looked in run(line, logs.folder)]
        other = [looked for looked in found if looked.differs]
        yield name, len(found), len(other), sum(looked.said for looked in other)


def near_ties(logs: Logs) -> Iterator[Row]:
    """Runs around a tie that decide differently: how many are named as flips, with nothing accused."""
    yield "sides", "flips", "named as flips", "accused"
    programs = ties.programs(logs.folder)
    for other in list(programs)[1:]:
        found = [
            flip
            for line, component in logs.some((line, c) for line in logs.lines.values() for c in range(3))
            for flip in ties.flips(line, component, programs["reference"], (other, programs[other]), logs.catalogue)
        ]
        yield f"reference beside {other}", len(found), sum(f.named for f in found), sum(bool(f.accused) for f in found)


def patterns(logs: Logs, seeds: int = 50) -> Iterator[Row]:
    """Generated faults: named as what they are, and confidently as something else; differences of no kind: left alone."""
    yield "made-up runs", "trials", "as it should be", "otherwise, with a confidence of 0.9 or more"
    names = list(logs.some((*worlds.FAULTS, *worlds.WITH_WORLD)))
    wrong = [found for name in names for *_, found in worlds.score(name, range(seeds))]
    trials, sure = len(names) * seeds, sum(found is not None and found.confidence >= 0.9 for found in wrong)
    yield f"{len(names)} faults: kind named", trials, trials - len(wrong), sure
    more = range(4 * seeds // logs.share)
    alarms, trials = worlds.false_alarms(more), len(more) * len(worlds.NOISE)
    sure = sum(found.confidence >= 0.9 for *_, found in alarms)
    yield f"{len(worlds.NOISE)} kinds of random difference: silent", trials, trials - len(alarms), sure


MEASURES: dict[str, Callable[[Logs], Iterator[Row]]] = {
    "alignment": alignment,
    "printing": print_formats,
    "seals": damage,
    "images": images,
    "looking": look,
    "ties": near_ties,
    "patterns": patterns,
}


def main() -> int:
    """Take the measures that were asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", nargs="*", choices=[*MEASURES, []])
    parser.add_argument("--share", type=int, default=1, metavar="N", help="every so many-th case only")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="measures-") as folder:
        logs = Logs(Path(folder), chosen.share)
        for name in chosen.measure or MEASURES:
            begin = time.perf_counter()
            for number, row in enumerate(MEASURES[name](logs)):
                print(f"| {' | '.join(map(str, row))} |", flush=True)
                if number == 0:
                    print("|" + "---|" * len(row))
            print(f"\n{name}: {time.perf_counter() - begin:.0f} s\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
