"""The same search on a real Dask cluster of two worker processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from firstbad.bisect.axes.around import Around
from firstbad.bisect.bisect_commits import Options, Outcome, bisect_commits
from firstbad.bisect.bisect_sets import search_surroundings
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.sandbox import Limits
from firstbad.bisect.verdict import Culprit
from firstbad.tracer.errors import FirstbadError
from run_repos import exits, make_repo, processes_with, state_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def search(where: Path, ids: list[str], probe: Probe, tmp_path: Path, cluster: Any, **more: Any) -> Outcome:
    address = cluster.scheduler_address
    return bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", cluster=address, **more)


def test_it_names_the_same(tmp_path: Path, cluster: Any) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 40, exits(23, range(9, 12)))
    before = state_of(where)
    outcome = search(where, ids, Probe([sys.executable, "-S", "prog.py"]), tmp_path, cluster)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[23]
    assert state_of(where) == before


def test_both_workers_work_at_once(tmp_path: Path, cluster: Any) -> None:
    where, log = tmp_path / "repo", tmp_path / "log"
    ids = make_repo(where, 12, lambda i: {"n": f"{i}\n"})
    probe = Probe(f"echo + >>{log}; sleep 0.4; echo - >>{log}; test $(cat n) -lt 5")
    outcome = search(where, ids, probe, tmp_path, cluster)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[5]
    assert "+\n+\n" in log.read_text()


def test_sets_are_searched_on_it_too(tmp_path: Path, cluster: Any) -> None:
    here = tmp_path / "run"
    here.mkdir()
    for k in range(20):
        (here / f"f{k}.dat").write_text(f"{k}\n")
    options = Options(home=tmp_path / "home", cluster=cluster.scheduler_address)
    around = Around(str(here), patterns=("*.dat",))
    found = search_surroundings(around, Probe("test $(ls | grep -cE '^f(7|13)[.]dat') -ne 2"), options)
    assert [set(s) for s in found.sets] == [{"f7.dat", "f13.dat"}]


def test_useless_probes_are_ended_on_their_worker(tmp_path: Path, cluster: Any) -> None:
    where = tmp_path / "repo"
    mark = f"601{os.getpid()}"
    ids = make_repo(where, 9, lambda i: {"p.sh": f"{'sleep ' + mark if i == 2 else ''}\n# {i}\nexit {int(i >= 4)}\n"})
    begun = time.monotonic()
    outcome = search(where, ids, Probe(["sh", "p.sh"], limits=Limits(seconds=100)), tmp_path, cluster)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[4]
    assert time.monotonic() - begun < 60
    assert processes_with(mark) == []


def test_kill_9_of_a_worker_costs_one_more_try(tmp_path: Path, cluster: Any) -> None:
    where, log = tmp_path / "repo", tmp_path / "log"
    ids = make_repo(where, 20, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    probe = Probe(f"echo x >>{log}; sleep 0.5; test $(cat n) -lt 12")
    victims = [w["pid"] for w in pids(cluster)]

    def murder() -> None:
        while not log.exists() or len(log.read_text().split()) < 4:
            time.sleep(0.02)
        os.kill(victims[0], signal.SIGKILL)

    thread = threading.Thread(target=murder)
    thread.start()
    outcome = search(where, ids, probe, tmp_path, cluster)
    thread.join()
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[12]
    assert len({e["point"] for e in Journal.read(outcome.journal).events if e["event"] == "end"}) <= outcome.probes
    assert processes_with("firstbad/bisect/run/keeper.py") == []
    assert state_of(where) == before


def pids(cluster: Any) -> list[dict[str, int]]:
    import distributed

    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        return [{"pid": pid} for pid in client.run(os.getpid).values()]


def test_no_scheduler_is_a_sentence(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 3, exits(2))
    with pytest.raises(FirstbadError, match="no Dask scheduler answers") as caught:
        bisect_commits(where, ids[0], ids[-1], Probe("true"), home=tmp_path / "h", cluster="tcp://127.0.0.1:9")
    assert caught.value.slug == "cluster-unreachable"


def test_an_address_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 3, exits(2))
    with pytest.raises(FirstbadError) as caught:
        bisect_commits(where, ids[0], ids[-1], Probe("true"), home=tmp_path / "h", cluster="nonsense://x")
    assert caught.value.slug == "cluster-unreachable"


def test_a_cluster_that_loses_all_its_workers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another cluster than the shared one: all of its workers end in the middle of the search."""
    distributed = pytest.importorskip("distributed")
    from firstbad.bisect.run.pool import Pool

    monkeypatch.setattr(Pool, "patience", 0.5)
    where, log = tmp_path / "repo", tmp_path / "log"
    ids = make_repo(where, 20, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    probe = Probe(f"echo x >>{log}; sleep 0.3; test $(cat n) -lt 12")
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(**options) as made:

        def leave() -> None:
            while not log.exists() or len(log.read_text().split()) < 3:
                time.sleep(0.02)
            made.scale(0)

        thread = threading.Thread(target=leave)
        thread.start()
        with pytest.raises(FirstbadError) as caught:
            search(where, ids, probe, tmp_path, made)
        thread.join()
    assert caught.value.slug in ("cluster-lost", "cluster-empty"), caught.value
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", resume=True)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[12]
    assert state_of(where) == before
