"""The fault bench: planted faults on either side, drawn faults, pairs of faults and clean controls, against four plain tools.

    python tests/fault_bench.py                 the whole bench, as a table (docs/fault-bench.md)
    python tests/fault_bench.py --only torch    one set: torch, c, drawn, pairs, controls
    python tests/fault_bench.py --sample 20     every so many-th case only
    python tests/fault_bench.py --seed 7 --only drawn --only pairs    other drawn faults and pairs than those of the table
    python tests/fault_bench.py --json FILE     every single outcome beside the table
    python tests/fault_bench.py --logs FOLDER   keep the logs of all runs there and take those that are there (of older simulators too: empty it then)

The data lie in tests/bench/faults. A fault whose edit changes no traced value is invalid and is counted as that, never as found.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parent))

import fault_draw as draw
import fault_runs as runs
import fault_score as score
from fault_score import Outcome
from firstbad.tracer.catalogue import Catalogue, load
from firstbad.tracer.closure import check_view
from firstbad.tracer.diff import compare
from firstbad.tracer.model import Trace
from firstbad.tracer.view import View

SETS = ("torch", "c", "drawn", "pairs", "controls")
PAIRS, DRAWN, SEED = 60, 120, 20261123


@dataclass(frozen=True)
class Fault:
    """One planted edit; `expect` and `kinds` are the answers that count as right."""

    id: str
    file: str
    stage: str
    before: str
    after: str
    expect: tuple[str, ...]
    kinds: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def edit(self) -> tuple[str, str, str]:
        """File, old text, new text."""
        return self.file, self.before, self.after


def faults(side: str) -> list[Fault]:
    """The faults of torch.toml or c.toml, numbered in order."""
    rows = tomllib.loads((runs.DATA / f"{side}.toml").read_text())["faults"]
    return [Fault(f"{side}-{n:03d}", *row[:4], *(tuple(part) for part in row[4:])) for n, row in enumerate(rows, 1)]


class Bench:
    """The two clean programs, and what they print on each line."""

    def __init__(self, folder: Path, plain: bool = True, logs: Path | None = None) -> None:
        self.folder, self.plain, self.logs = folder, plain, runs.Logs(logs)
        runs.write_inputs(folder)
        self.catalogue: Catalogue = load()
        self.lines = runs.command_lines()
        self.sources = runs.Sources()
        self._clean: dict[tuple[str, str], str] = {}
        self._formulas: dict[str, set[str]] = {}

    @functools.cached_property
    def objects(self) -> runs.Objects:
        """The C reference, compiled when it is needed."""
        return runs.Objects(self.folder / "c")

    @functools.cached_property
    def c(self) -> Path:
        """The clean C program."""
        return self.objects.clean()

    def clean(self, side: str, line: str) -> str:
        """The clean log of one side on one line."""
        if (side, line) not in self._clean:
            with ExitStack() as stack:
                self._clean[side, line] = self._edited(side, [], stack)(self.lines[line].words())
        return self._clean[side, line]

    def read(self, log: str) -> Trace:
        """A log as a trace whose input files are at hand."""
        return runs.read(log, folder=self.folder)

    def trial(self, outcome: Outcome, bad: str, own: str) -> Outcome:
        """Compare a faulty log of side `own` with the clean log of the other."""
        other = self.clean("torch" if own == "c" else "c", outcome.line)
        before, after = self.read(self.clean(own, outcome.line)), self.read(bad)
        if not score.changed(before, after, self.catalogue, score.CHANGE):
            outcome.invalid = "no traced value changes"
            return outcome
        a, b = (bad, other) if own == "c" else (other, bad)
        diff = compare(self.read(a), self.read(b), self.catalogue)
        outcome.tellable = bool(self._tellable(outcome.line) & set(outcome.expect))
        if self.plain:
            outcome.tools = score.plain_tools(a, b, diff)
        return score.judge(outcome, diff)

    def _tellable(self, line: str) -> set[str]:
        """Quantities of a line that follow by a formula from their parents in the clean trace: only these have a side."""
        if line not in self._formulas:
            trace, found = self.read(self.clean("c", line)), dict[str, bool]()
            view = View(trace, self.catalogue)
            for result in check_view(view):
                name = view.name(result.record)
                quantity = self.catalogue.quantities[name]
                sure = not quantity.open or any(f.sure and f.formula.text == result.formula for f in quantity.formulas)
                found[name] = found.get(name, True) and result.holds is True and sure
            self._formulas[line] = {n for n, holds in found.items() if holds}
        return self._formulas[line]

    # ---- sets ---------------------------------------------------------------------------------------------

    def planted(self, side: str, every: int = 1) -> Iterator[Outcome]:
        """Every fault of one side on every line that shows it."""
        for fault in faults(side)[::every]:
            yield from self._planted(side, fault)

    def _planted(self, side: str, fault: Fault) -> Iterator[Outcome]:
        told = "reference" if side == "c" else "candidate"
        blank = [Outcome(fault.id, fault.stage, line, told, fault.expect, fault.kinds) for line in fault.lines]
        with ExitStack() as stack:
            try:
                run = self._edited(side, [fault.edit], stack)
            except runs.FaultError as error:
                for outcome in blank:
                    outcome.invalid = str(error)
                yield from blank
                return
            for outcome in blank:
                try:
                    yield self.trial(outcome, run(self.lines[outcome.line].words()), side)
                except runs.FaultError as error:
                    outcome.invalid = str(error)
                    yield outcome

    def _edited(
        self, side: str, edits: Sequence[tuple[str, str, str]], stack: ExitStack
    ) -> Callable[[Sequence[str]], str]:
        """The program with these edits; it is made when a log is asked for that was not kept."""

        @functools.cache
        def made() -> Callable[[Sequence[str]], str]:
            if side == "c":
                binary = self.objects.planted(edits) if edits else self.c
                return lambda words: runs.run_c(binary, words, self.folder)
            program = stack.enter_context(runs.torch_copy(self.sources, edits))
            return lambda words: runs.run_torch(program, words, self.folder)

        return lambda words: self.logs.get((side, list(edits), list(words)), lambda: made()(words))

    def drawn(self, count: int, seed: int = SEED) -> Iterator[Outcome]:
        """Faults of the seeded generator; their origin is what changed although its parents did not."""
        for mutation in draw.mutations(self.sources.texts, random.Random(seed), count):
            yield self._drawn(mutation)

    def _drawn(self, mutation: draw.Mutation) -> Outcome:
        """The first of its lines on which a drawn fault shows."""
        outcome = Outcome(mutation.id, mutation.file, mutation.lines[0], "candidate", (), ())
        texts = {**self.sources.texts, mutation.file: mutation.text}
        try:
            with ExitStack() as stack:
                program = functools.cache(lambda: stack.enter_context(runs.copy_of(self.sources, texts)))
                for line in mutation.lines:
                    outcome.line = line
                    bad = self._drawn_log(program, mutation, line)
                    clean = self.read(self.clean("torch", line))
                    outcome.expect = score.first_changed(clean, self.read(bad), self.catalogue)
                    if outcome.expect:
                        return self.trial(outcome, bad, "torch")
        except runs.FaultError as error:
            outcome.invalid = str(error)
            return outcome
        outcome.invalid = "no traced value changes on the lines tried"
        return outcome

    def _drawn_log(self, program: Callable[[], ModuleType], mutation: draw.Mutation, line: str) -> str:
        words = self.lines[line].words()
        made_by = ("drawn", mutation.file, mutation.text, words)
        return self.logs.get(made_by, lambda: runs.run_torch(program(), words, self.folder))

    def pairs(self, count: int, seed: int = SEED) -> Iterator[tuple[Outcome, Outcome]]:
        """Two faults at once, drawn from the torch set, with different origins on one line."""
        chance, pool = random.Random(seed), faults("torch")
        done = 0
        while done < count:
            one, two = chance.sample(pool, 2)
            shared = [line for line in one.lines if line in two.lines]
            if not shared or set(one.expect) & set(two.expect) or one.before == two.before:
                continue
            done += 1
            yield self._pair(one, two, shared[0])

    def _pair(self, one: Fault, two: Fault, line: str) -> tuple[Outcome, Outcome]:
        ids = f"{one.id}+{two.id}"
        told = [Outcome(ids, f.stage, line, "candidate", f.expect, f.kinds) for f in (one, two)]
        try:
            with ExitStack() as stack:
                bad = self._edited("torch", [one.edit, two.edit], stack)(self.lines[line].words())
            silent = [f.id for f in (one, two) if not self._shows(f, line)]
            for outcome in told:
                outcome.invalid = f"{' and '.join(silent)} alone changes no traced value" if silent else ""
                if not silent:
                    self.trial(outcome, bad, "torch")
        except runs.FaultError as error:
            for outcome in told:
                outcome.invalid = str(error)
        return told[0], told[1]

    def _shows(self, fault: Fault, line: str) -> bool:
        """Whether a fault by itself changes any traced value of a line."""
        with ExitStack() as stack:
            bad = self._edited("torch", [fault.edit], stack)(self.lines[line].words())
        clean = self.read(self.clean("torch", line))
        return bool(score.changed(clean, self.read(bad), self.catalogue, score.CHANGE))

    def controls(self, every: int = 1) -> Iterator[Outcome]:
        """Clean pairs; an outcome's `named` must stay empty."""
        document = tomllib.loads((runs.DATA / "controls.toml").read_text())
        cases = [(line, side, tuple(words), None) for line in self.lines for side, words in document["controls"]]
        cases += [(line, "C", (), (p[0], p[1])) for line in self.lines for p in document["pixels"]]
        with ExitStack() as stack:
            c, torch = self._edited("c", [], stack), self._edited("torch", [], stack)
            for line, side, options, pixel in cases[::every]:
                words = self.lines[line].words(pixel)
                a = c([*words, *(options if side == "C" else ())])
                b = torch([*words, *(options if side == "torch" else ())])
                traces = self.read(a), self.read(b)
                stage = "float32" if "float32" in options else "pixel" if pixel else " ".join((side, *options))
                outcome = Outcome(f"{line} {stage} {pixel or ''}".strip(), stage, line, "", (), ())
                if _beside(traces):
                    outcome.invalid = "the pixel is not on this detector"
                    yield outcome
                    continue
                diff = compare(*traces, self.catalogue)
                outcome.tools = score.plain_tools(a, b, diff) if self.plain else {}
                yield score.judge(outcome, diff)


def _beside(traces: tuple[Trace, Trace]) -> bool:
    return any(not trace.find("I_pixel_final") for trace in traces)


# ---- the table ---------------------------------------------------------------------------------------------------


def report(name: str, outcomes: Sequence[Outcome], catalogue: Catalogue) -> dict[str, str]:
    """The rows of one set."""
    invalid = sum(bool(o.invalid) for o in outcomes)
    if name == "pairs":
        rows = _pair_rows(outcomes, catalogue)
    elif name == "controls":
        rows = _control_rows([o for o in outcomes if not o.invalid])
    else:
        rows = {"faults": str(len({o.id for o in outcomes if not o.invalid})), **score.table(outcomes)}
    return {**rows, "invalid, not counted": str(invalid)}


def _pair_rows(outcomes: Sequence[Outcome], catalogue: Catalogue) -> dict[str, str]:
    both = [pair for pair in zip(outcomes[::2], outcomes[1::2], strict=True) if not any(o.invalid for o in pair)]
    apart = [pair for pair in both if not _chained(*pair, catalogue)]
    rows = {"pairs": str(len(both))}
    for text, chosen in (("both named", both), ("both named, neither behind the other", apart)):
        rows[text] = score.share(sum(all(o.place for o in pair) for pair in chosen), len(chosen))
    return rows


def _chained(one: Outcome, two: Outcome, catalogue: Catalogue) -> bool:
    return any(
        score.behind(x, y, catalogue) or score.behind(y, x, catalogue)
        for x in one.expect
        for y in two.expect
        if x in catalogue.quantities and y in catalogue.quantities
    )


def _control_rows(outcomes: Sequence[Outcome]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for text, chosen in (
        ("float64", [o for o in outcomes if o.stage != "float32"]),
        ("float32", [o for o in outcomes if o.stage == "float32"]),
    ):
        rows[f"{text} pairs"] = str(len(chosen))
        rows[f"{text} pairs with anything named"] = score.share(sum(bool(o.named) for o in chosen), len(chosen))
        for tool in score.TOOLS:
            tried = [o for o in chosen if tool in o.tools]
            if tried:
                rows[f"{text} pairs, {tool} sees a difference"] = score.share(
                    sum(bool(o.tools[tool]) for o in tried), len(tried)
                )
    return rows


def failures(name: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each outcome that is not as it should be."""
    for o in outcomes:
        what = f"{o.id} {o.line} ({o.stage})"
        if o.invalid:
            yield f"invalid: {what}: {o.invalid}"
        elif name == "controls":
            if o.named:
                yield f"false alarm: {what}: {', '.join(o.named[:4])}"
        elif o.place != 1 and not (name == "pairs" and o.place):
            yield f"origin {o.place or 'missed'}: {what}: named {o.named[:4]}, planted {o.expect[:4]}"
        elif o.tellable and o.side_told != o.side:
            yield f"side: {what}: {o.named[o.place - 1]} is said to be {o.side_told}, planted {o.side}"
        if name in ("torch", "c") and not o.invalid and (o.kinds or o.confidence >= 0.9) and o.pattern not in o.kinds:
            yield f"pattern: {what}: {o.pattern or 'none'} {o.confidence:g} ({o.pattern_text}), planted {o.kinds}"


def collect(bench: Bench, name: str, every: int = 1, seed: int = SEED) -> list[Outcome]:
    """All outcomes of one set."""
    if name in ("torch", "c"):
        return list(bench.planted(name, every))
    if name == "drawn":
        return list(bench.drawn(max(1, DRAWN // every), seed))
    if name == "pairs":
        return [outcome for pair in bench.pairs(max(1, PAIRS // every), seed) for outcome in pair]
    return list(bench.controls(every))


def main() -> int:
    """Run the sets that were asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SETS, action="append")
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--logs", type=Path)
    chosen = parser.parse_args()
    everything: dict[str, list[Outcome]] = {}
    with tempfile.TemporaryDirectory(prefix="fault-bench-") as folder:
        bench = Bench(Path(folder), logs=chosen.logs)
        for name in chosen.only or SETS:
            begin = time.perf_counter()
            outcomes = everything[name] = collect(bench, name, chosen.sample, chosen.seed)
            print(f"\n## {name} ({time.perf_counter() - begin:.0f} s)\n")
            for key, value in report(name, outcomes, bench.catalogue).items():
                print(f"| {key} | {value} |")
            print()
            for line in failures(name, outcomes):
                print(f"- {line}")
            sys.stdout.flush()
    if chosen.json is not None:
        chosen.json.write_text(json.dumps({k: [asdict(o) for o in v] for k, v in everything.items()}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
