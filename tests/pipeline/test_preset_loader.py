"""Going over to another preset beside the picture."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from livefilter.compiler import Filter
from livefilter.errors import PresetError
from livefilter.pipeline.live import LoadResult, PresetLoader
from livefilter.presets import Preset, load_preset
from livefilter.testing import wait_until

PLAIN = Preset.model_validate({"name": "plain", "steps": []})


def result(switcher: PresetLoader) -> LoadResult:
    """What became of the newest wish."""
    done = wait_until(switcher.poll)
    assert done is not None
    return done


def test_a_preset_is_ready_when_it_is_told() -> None:
    """Once."""
    switcher = PresetLoader()
    assert not switcher.is_busy
    switcher.load("plain", lambda: PLAIN)
    done = result(switcher)
    assert done.filter is not None
    assert done.filter.is_ready
    assert (done.request, done.error, done.filter.preset) == ("plain", None, PLAIN)
    assert switcher.poll() is None
    assert not switcher.is_busy


def test_a_preset_that_cannot_be_loaded_is_told_too() -> None:
    """With its error."""
    switcher = PresetLoader()
    switcher.load("none", lambda: load_preset("no-such-preset"))
    done = result(switcher)
    assert isinstance(done.error, PresetError)
    assert done.filter is None


def test_a_newer_wish_ends_the_work_on_an_older_one() -> None:
    """Only the newest is told, and the other's compiling is cancelled."""
    futures: list[Future[None]] = []
    has_begun = threading.Semaphore(0)

    def prepare(made: Filter) -> Future[None]:
        futures.append(Future())
        if len(futures) > 1:
            futures[-1].set_result(None)
        has_begun.release()
        return futures[-1]

    switcher = PresetLoader(prepare=prepare)
    switcher.load("first", lambda: PLAIN)
    assert has_begun.acquire(timeout=30)
    switcher.load("second", lambda: PLAIN)
    assert result(switcher).request == "second"
    wait_until(futures[0].cancelled)
    assert switcher.poll() is None


def test_closing_ends_the_work() -> None:
    """Nothing is told any more."""
    future: Future[None] = Future()
    has_begun = threading.Event()

    def prepare(made: Filter) -> Future[None]:
        has_begun.set()
        return future

    switcher = PresetLoader(prepare=prepare)
    switcher.load("plain", lambda: PLAIN)
    assert has_begun.wait(30)
    switcher.close()
    wait_until(future.cancelled)
    assert switcher.poll() is None
