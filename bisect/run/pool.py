"""Many probes at once: the one place that knows whether they run here or on a cluster.

Here means threads: each of them only waits for processes of its own, so Python's lock does not matter. A cluster is
a Dask scheduler's address. Everybody else sees `submit`, `cancel` and futures.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...tracer.errors import FirstbadError
from .attempt import Attempt, Order, attempt, cancel
from .sandbox import Ended

LOST = "the worker that ran this probe was lost"


@dataclass
class Pool:
    """Where attempts run: `jobs` of them at a time on `executor`, each started by `call`.

    `alive` says what is wrong with the place where they run ("" where nothing is); it is asked when nothing has
    ended for `patience` seconds, and twice in a row it must say the same before the search is given up.
    """

    executor: Executor
    jobs: int
    call: Callable[[Order], Attempt]
    stop: Callable[[str], None]
    alive: Callable[[], str] = str
    spare: int = 0
    patience: ClassVar[float] = 30.0
    doubted: bool = False
    tickets: dict[Future[Attempt], Order] = field(default_factory=dict[Future[Attempt], Order])

    def submit(self, task: Order) -> Future[Attempt]:
        """Start an attempt as soon as there is room."""
        future = self.executor.submit(self.call, task)
        self.tickets[future] = task
        return future

    def cancel(self, future: Future[Attempt]) -> None:
        """Its answer is not needed: end its processes, wherever they are. The future still ends, as cancelled."""
        task = self.tickets.get(future)
        if task is not None and not future.done():
            self.stop(task.ticket)

    def check(self) -> None:
        """FirstbadError (cluster-lost) where nobody is left who could ever answer."""
        trouble = self.alive()
        if trouble and self.doubted:
            raise FirstbadError(
                trouble,
                remedy="Bring the cluster back, then resume: everything probed so far is kept",
                slug="cluster-lost",
            )
        self.doubted = bool(trouble)

    def attempt_of(self, future: Future[Attempt]) -> Attempt:
        """What a finished future says; a worker that died is a problem of the attempt, not an exception."""
        task = self.tickets.pop(future)
        try:
            return future.result()
        except FirstbadError:
            raise
        except CancelledError:
            return _unfinished(task, "cancelled", cancelled=True)
        except Exception as exc:
            if _is_ours(exc):
                raise
            return _unfinished(task, f"{LOST} ({type(exc).__name__})")


def _is_ours(exc: Exception) -> bool:
    """A bug of ours must not be taken for a lost worker."""
    return not type(exc).__module__.startswith(("distributed", "dask", "tornado")) and not isinstance(exc, OSError)


def _unfinished(task: Order, why: str, *, cancelled: bool = False) -> Attempt:
    ended = Ended(None, 0.0, f"{task.out}/stdout", f"{task.out}/stderr", cancelled=cancelled, problem=why)
    return Attempt(ended, failed="worker")


@contextlib.contextmanager
def open_pool(jobs: int = 1, cluster: str = "", spare: int = 0) -> Generator[Pool]:
    """`jobs` probes at a time on this machine, or as many as the Dask cluster at `cluster` has threads.

    Here there is room for `spare` more while nothing but confirmations run. With a cluster, `jobs` above 1 is an
    upper bound. FirstbadError (cluster-missing, cluster-unreachable) where it cannot be used.
    """
    if cluster:
        with _on_cluster(cluster, jobs) as pool:
            yield pool
        return
    if jobs < 1:
        raise FirstbadError(f"{jobs} jobs cannot run", remedy="Give 1 or more with --jobs", slug="jobs-range")
    with ThreadPoolExecutor(jobs + spare, thread_name_prefix="probe") as executor:
        pool = Pool(executor, jobs, attempt, cancel, spare=spare)
        try:
            yield pool
        finally:
            for future in list(pool.tickets):
                pool.cancel(future)


@contextlib.contextmanager
def _on_cluster(address: str, jobs: int) -> Generator[Pool]:
    try:
        from distributed import Client, Event
    except ImportError:
        raise FirstbadError(
            "a cluster needs Dask, which is not installed",
            remedy="Run `pip install firstbad[cluster]`",
            slug="cluster-missing",
        ) from None
    try:
        client: Any = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as exc:
        raise FirstbadError(
            f"no Dask scheduler answers at {address} ({exc})".splitlines()[0],
            remedy="Start one with `dask scheduler`, and workers with `dask worker ADDRESS`; see docs/cluster.md",
            slug="cluster-unreachable",
        ) from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise FirstbadError(
                f"the Dask scheduler at {address} has no workers",
                remedy=f"Start some with `dask worker {address}`",
                slug="cluster-empty",
            )
        room = min(threads, jobs) if jobs > 1 else threads

        def stop(ticket: str) -> None:
            Event(_event(ticket), client=client).set()

        def alive() -> str:
            try:
                return "" if client.nthreads() else f"the Dask scheduler at {address} has lost all its workers"
            except Exception as exc:  # whatever Dask makes of a connection that is gone
                return f"the Dask scheduler at {address} went away ({type(exc).__name__})"

        pool = Pool(client.get_executor(pure=False), room, _on_worker, stop, alive)
        try:
            yield pool
        finally:
            _end_all(pool)
    finally:
        client.close()


def _end_all(pool: Pool) -> None:
    for future in list(pool.tickets):
        pool.cancel(future)
    for future in list(pool.tickets):
        with contextlib.suppress(Exception):
            future.result(timeout=10)


def _event(ticket: str) -> str:
    return f"firstbad-stop-{ticket}"


def _on_worker(task: Order) -> Attempt:
    """Run on a cluster's worker: an attempt that also listens for the driver's cancel."""
    import distributed

    there: Any = distributed
    client: Any = there.get_client()
    event: Any = there.Event(_event(task.ticket), client=client)
    over = threading.Event()

    def watch() -> None:
        with contextlib.suppress(Exception):  # the scheduler went away: then so does this worker
            while not over.is_set():
                if event.wait(timeout=1.0):
                    cancel(task.ticket)
                    return

    thread = threading.Thread(target=watch, name="firstbad-cancel", daemon=True)
    thread.start()
    try:
        return attempt(task)
    finally:
        over.set()
