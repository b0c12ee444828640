"""Generated histories with everything that breaks bisection: broken builds, reverts, merges, second bugs,
flakes.

A `Story` is abstract (a DAG and what is wrong at each commit) and can be replayed with real git:
`fast_import` gives the stream that builds the same history in a repository.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firstbad.bisect.verdict import Kind, Verdict

HUNTED = "hunted"
OTHER = "other"
TROUBLES = (Kind.CANNOT_BUILD, Kind.CANNOT_RUN, Kind.TIMEOUT, Kind.NO_DATA)


@dataclass(frozen=True)
class Story:
    """`parents` in topological order, first `first`, last `last`; `bugs` and `trouble` say how each commit
    behaves.

    `bugs[c]` holds the bugs alive at c (HUNTED, HUNTED2 look alike; OTHER is bad in another way). `flaky[c]`
    is the chance that a bad commit passes.
    """

    parents: Mapping[str, tuple[str, ...]]
    bugs: Mapping[str, frozenset[str]]
    trouble: Mapping[str, Kind] = field(default_factory=dict)
    flaky: Mapping[str, float] = field(default_factory=dict)

    @property
    def first(self) -> str:
        return next(iter(self.parents))

    @property
    def last(self) -> str:
        return list(self.parents)[-1]

    def is_bad(self, commit: str) -> bool:
        """Whether the hunted failure is there, also where it cannot be seen."""
        return any(b.startswith(HUNTED) for b in self.bugs[commit])

    def probe(self, commit: str, dice: random.Random | None = None) -> Verdict:
        """What one run shows; with `dice` a flaky commit may pass."""
        if commit in self.trouble:
            return Verdict(self.trouble[commit], reason="generated trouble")
        if self.is_bad(commit):
            passes = dice is not None and dice.random() < self.flaky.get(commit, 0.0)
            return Verdict(Kind.GOOD if passes else Kind.BAD, signature=HUNTED)
        return Verdict(Kind.OTHER_BAD if OTHER in self.bugs[commit] else Kind.GOOD)

    def culprits(self) -> set[str]:
        """Every commit that is bad while all its parents are good."""
        return {c for c, above in self.parents.items() if self.is_bad(c) and not any(map(self.is_bad, above))}

    def fast_import(self) -> Iterator[str]:
        """The lines of a `git fast-import` stream: one file says what is wrong, another makes each tree
        unique.
        """
        marks = {c: i + 1 for i, c in enumerate(self.parents)}
        for commit, above in self.parents.items():
            trouble = self.trouble.get(commit)
            state = " ".join(sorted(self.bugs[commit])) + (f" {trouble.value}" if trouble else "")
            yield "commit refs/heads/main\n"
            yield f"mark :{marks[commit]}\n"
            yield f"committer Story <story@example.org> {1_000_000 + marks[commit]} +0000\n"
            yield f"data {len(commit)}\n{commit}\n"
            for k, parent in enumerate(above):
                yield f"{'merge' if k else 'from'} :{marks[parent]}\n"
            yield "deleteall\n"
            for name, text in (("state.txt", state + "\n"), ("serial.txt", commit + "\n")):
                yield f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"


def generate(seed: int, size: int = 40) -> Story:
    """One history of about `size` commits that ends bad; the same seed gives the same one."""
    dice = random.Random(seed)
    while True:
        story = _attempt(dice, size)
        if story.is_bad(story.last) and not story.is_bad(story.first):
            ends = {story.first, story.last}
            trouble = {c: k for c, k in story.trouble.items() if c not in ends}
            return Story(story.parents, story.bugs, trouble, story.flaky)


def _attempt(dice: random.Random, size: int) -> Story:
    parents: dict[str, tuple[str, ...]] = {"c0": ()}
    bugs: dict[str, frozenset[str]] = {"c0": frozenset()}
    heads = ["c0"]
    merges, births, fixes = dice.choice([0, 0.1, 0.25]), dice.choice([0.03, 0.1]), dice.choice([0, 0.2, 0.5])
    for k in range(1, size):
        above = _parents(dice, heads, merges, last=k == size - 1)
        name = f"c{k}"
        parents[name] = above
        alive = _merged(dice, [bugs[p] for p in above])
        bugs[name] = _mutated(dice, alive, births, fixes)
        heads = [h for h in heads if h not in above] + [name]
        if dice.random() < merges:
            heads.append(dice.choice(list(parents)))
    trouble = _troubles(dice, list(parents))
    flaky = {c: dice.choice([0.1, 0.3]) for c in parents} if dice.random() < 0.3 else {}
    return Story(parents, bugs, trouble, flaky)


def _parents(dice: random.Random, heads: list[str], merges: float, last: bool) -> tuple[str, ...]:
    unique = list(dict.fromkeys(heads))
    if last:
        return tuple(unique)
    if len(unique) > 1 and dice.random() < merges:
        return tuple(dice.sample(unique, 2))
    return (dice.choice(unique),)


def _merged(dice: random.Random, states: list[frozenset[str]]) -> frozenset[str]:
    """A merge keeps what either side has, or, where sides disagree, sometimes only what all have."""
    if len(states) > 1 and dice.random() < 0.3:
        return frozenset.intersection(*states)
    return frozenset().union(*states)


def _mutated(dice: random.Random, alive: frozenset[str], births: float, fixes: float) -> frozenset[str]:
    if alive and dice.random() < fixes / 4:
        return alive - {dice.choice(sorted(alive))}
    if dice.random() < births:
        return alive | {dice.choice([HUNTED, HUNTED, HUNTED + "2", OTHER])}
    return alive


def _troubles(dice: random.Random, commits: list[str]) -> dict[str, Kind]:
    """Blocks of commits that do not build, and single ones that do not run, end, or say anything."""
    trouble: dict[str, Kind] = {}
    for _ in range(dice.choice([0, 1, 2])):
        start, length = dice.randrange(1, len(commits)), dice.randrange(1, 8)
        trouble |= dict.fromkeys(commits[start : start + length], Kind.CANNOT_BUILD)
    return trouble | {c: dice.choice(TROUBLES) for c in commits if dice.random() < 0.06}
