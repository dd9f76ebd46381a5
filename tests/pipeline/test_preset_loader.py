"""Loading presets in the background."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from livefilter.compiler import Filter
from livefilter.errors import PresetError
from livefilter.pipeline.live import LoadResult, PresetLoader
from livefilter.presets import Preset, load_preset
from livefilter.testing import wait_until

PLAIN = Preset.model_validate({"name": "plain", "steps": []})


def result(loader: PresetLoader) -> LoadResult:
    """Return the result of the newest request."""
    done = wait_until(loader.poll)
    assert done is not None
    return done


def test_a_loaded_preset_is_ready() -> None:
    """Its result is returned once."""
    loader = PresetLoader()
    assert not loader.is_busy
    loader.load("plain", lambda: PLAIN)
    done = result(loader)
    assert done.filter is not None
    assert done.filter.is_ready
    assert (done.request, done.error, done.filter.preset) == ("plain", None, PLAIN)
    assert loader.poll() is None
    assert not loader.is_busy


def test_a_preset_that_cannot_be_loaded_is_reported() -> None:
    """With its error."""
    loader = PresetLoader()
    loader.load("none", lambda: load_preset("no-such-preset"))
    done = result(loader)
    assert isinstance(done.error, PresetError)
    assert done.filter is None


def test_a_newer_request_cancels_an_older_one() -> None:
    """Only the newest has a result; the other's compilation is cancelled."""
    futures: list[Future[None]] = []
    has_begun = threading.Semaphore(0)

    def prepare(made: Filter) -> Future[None]:
        futures.append(Future())
        if len(futures) > 1:
            futures[-1].set_result(None)
        has_begun.release()
        return futures[-1]

    loader = PresetLoader(prepare=prepare)
    loader.load("first", lambda: PLAIN)
    assert has_begun.acquire(timeout=30)
    loader.load("second", lambda: PLAIN)
    assert result(loader).request == "second"
    wait_until(futures[0].cancelled)
    assert loader.poll() is None


def test_closing_ends_the_work() -> None:
    """No result comes any more."""
    future: Future[None] = Future()
    has_begun = threading.Event()

    def prepare(made: Filter) -> Future[None]:
        has_begun.set()
        return future

    loader = PresetLoader(prepare=prepare)
    loader.load("plain", lambda: PLAIN)
    assert has_begun.wait(30)
    loader.close()
    wait_until(future.cancelled)
    assert loader.poll() is None
