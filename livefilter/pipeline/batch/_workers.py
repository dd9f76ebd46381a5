"""Worker processes of a batch: a crash or the GIL of one does not hold up the others."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

from livefilter.errors import LivefilterError
from livefilter.pipeline._options import ProcessOptions
from livefilter.pipeline._run import run
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch._inputs import content_hash

_POLL_S = 0.1
_REPORT_S = 0.1
"""Minimum interval between progress messages."""
_ENDING = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}


@dataclass(frozen=True, slots=True)
class Task:
    """One input and where its results go."""

    name: str
    source: str
    picture: str | None
    scores: str | None
    plot: str | None


@dataclass(frozen=True, slots=True)
class WorkerMessage:
    """Message of a worker: progress or a log record; at the end the summary and the input's hash, or an error."""

    progress: Progress | None = None
    logged: tuple[str, int, str] | None = None
    summary: Summary | None = None
    content: str = ""
    error: BaseException | None = None


class _Sender:
    """A worker's end of its channel, for all of its threads; its warnings go through it, too."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def send(self, reply: WorkerMessage) -> None:
        """Send a reply."""
        with self._lock:
            self._channel.send(reply)


class _Forward(logging.Handler):
    """Sends log records to the parent process."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__(logging.WARNING)
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one message."""
        with suppress(OSError):  # The parent process is gone.
            self._sender.send(WorkerMessage(logged=(record.name, record.levelno, record.getMessage())))


class WorkerDiedError(Exception):
    """A worker process died during its work: a library crashed, or it was killed."""


@dataclass(slots=True, eq=False)
class _Worker:
    slot: int
    process: BaseProcess
    channel: Connection
    place: int | None = None


def run_tasks(
    tasks: Mapping[int, Task],
    options: ProcessOptions,
    *,
    jobs: int,
    on_message: Callable[[int, WorkerMessage], object],
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Run tasks in processes, and pass on what they say, in this thread.

    Args:
        tasks: By their places.
        options: Preset and options; without a number of threads, the processors are divided among the processes.
        jobs: How many processes at once, at most.
        on_message: Called with a task's place and what its worker says.
        should_stop: Asked some ten times a second; True lets what runs end as after an interrupt, and begins no more.
    """
    jobs = max(1, min(jobs, len(tasks)))
    shares = _partition_cpus(jobs)
    options = options.with_threads(len(shares[0]))
    waiting = dict(tasks)
    with _pool(options, shares) as (start, must_stop):
        workers: list[_Worker] = []
        while True:
            if should_stop():
                must_stop.set()
                waiting.clear()
            while waiting and len(workers) < jobs:
                workers.append(start(min(set(range(jobs)) - {worker.slot for worker in workers})))
            for worker in workers:
                if worker.place is None and waiting:
                    worker.place = next(iter(waiting))
                    worker.channel.send(waiting.pop(worker.place))
            busy = {worker.channel: (worker, worker.place) for worker in workers if worker.place is not None}
            if not busy:
                return
            ready = wait(list(busy), timeout=_POLL_S)
            for channel, (worker, place) in busy.items():
                if channel in ready and not _receive(worker, place, on_message):
                    workers.remove(worker)


def _receive(worker: _Worker, place: int, on_message: Callable[[int, WorkerMessage], object]) -> bool:
    """Pass on a worker's message, and return whether the worker is alive."""
    try:
        reply = worker.channel.recv()
    except (EOFError, OSError):
        worker.process.join()
        died = WorkerDiedError(f"the process that read it ended with {_ending(worker.process.exitcode)}")
        on_message(place, WorkerMessage(error=died))
        return False
    if reply.logged is not None:
        name, level, message = reply.logged
        logging.getLogger(name).log(level, "%s", message)
        return True
    if reply.progress is None:
        worker.place = None
    on_message(place, reply)
    return True


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


@contextmanager
def _pool(options: ProcessOptions, shares: Sequence[set[int]]) -> Iterator[tuple[Callable[[int], _Worker], Event]]:
    """Give a function that starts a worker on a share, and the event that ends their runs; end them all on leaving."""
    # Not forked: a forked copy would lack the threads of libraries loaded here.
    context = multiprocessing.get_context("spawn")
    must_stop, started = context.Event(), []

    def start(slot: int) -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(theirs, options, must_stop), name="livefilter.pipeline.batch", daemon=True
        )
        with _cpu_affinity(shares[slot]), _signals_blocked():
            process.start()
        theirs.close()  # So that reading ends when the process does.
        started.append(_Worker(slot, process, ours))
        return started[-1]

    try:
        yield start, must_stop
    except Exception:
        must_stop.set()  # As after an interrupt: each worker keeps what it has.
        raise
    except BaseException:
        for worker in started:
            worker.process.kill()
        raise
    finally:
        for worker in started:
            worker.channel.close()
            worker.process.join()


def _work(channel: Connection, options: ProcessOptions, must_stop: Event) -> None:
    """Run what comes through the channel until it is closed."""
    is_ended = False

    def end(number: int, frame: object) -> None:
        nonlocal is_ended
        is_ended = True

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the first one decides.
    signal.signal(signal.SIGTERM, end)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # So does the end of the terminal.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    sender = _Sender(channel)
    logger, forward = logging.getLogger("livefilter"), _Forward(sender)
    logger.addHandler(forward)
    try:
        while True:
            task: Task = channel.recv()
            sender.send(_done(task, options, sender, lambda: is_ended or must_stop.is_set()))
    except (EOFError, OSError):
        return  # The parent process is gone.
    finally:
        logger.removeHandler(forward)


def _done(
    task: Task, options: ProcessOptions, channel: Connection | _Sender, should_stop: Callable[[], bool]
) -> WorkerMessage:
    sent_s = 0.0

    def report(progress: Progress) -> None:
        nonlocal sent_s
        now_s = time.monotonic()
        if now_s - sent_s >= _REPORT_S or progress.frames == progress.expected:
            channel.send(WorkerMessage(progress))
            sent_s = now_s

    try:
        channel.send(WorkerMessage(Progress(0, None)))
        content = content_hash(task.source)
        summary = run(
            task.source,
            task.picture,
            options,
            scores=task.scores,
            plot=task.plot,
            progress=report,
            should_stop=should_stop,
        )
    except LivefilterError as error:
        return WorkerMessage(error=error)
    except Exception as error:  # Any other may not survive the way through a pipe.
        sent = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            sent.add_note(str(note))
        return WorkerMessage(error=sent)
    return WorkerMessage(summary=summary, content=content)


def _partition_cpus(jobs: int) -> list[set[int]]:
    """Return which cores each of so many processes has; with more processes than cores, some share one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    count = len(cores)
    return [set(cores[at * count // jobs : (at + 1) * count // jobs]) or {cores[at % count]} for at in range(jobs)]


@contextmanager
def _cpu_affinity(cores: set[int]) -> Iterator[None]:
    """Let a process that is started meanwhile have these cores only, where the system can.

    Decoders and encoders choose their numbers of threads by the cores that they see, so this reaches all of them.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block termination signals, so that a process started meanwhile gets them only once it can handle them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
