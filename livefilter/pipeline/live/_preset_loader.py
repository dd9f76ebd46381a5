"""Loading and compiling a preset in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass

from livefilter.compiler import Filter
from livefilter.presets import Preset

_POLL_S = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class LoadResult:
    """Outcome of a request for another preset.

    Attributes:
        request: The request.
        filter: Compiled filter; None if loading failed.
        error: Why loading failed; None if it did not.
    """

    request: object
    filter: Filter | None
    error: Exception | None


class PresetLoader:
    """Load and compile presets in the background; a newer request cancels an older one.

    Args:
        threads: Threads that may work on one frame.
        prepare: Compiles a Filter in the background.
    """

    def __init__(self, threads: int | None = None, prepare: Callable[[Filter], Future[None]] = Filter.prepare) -> None:
        self._threads = threads
        self._prepare = prepare
        self._newest: object = None
        self._done: LoadResult | None = None
        self._lock = threading.Lock()  # Over the two above.

    @property
    def is_busy(self) -> bool:
        """Whether a request is still being worked on."""
        return self._newest is not None

    def load(self, request: object, load: Callable[[], Preset]) -> None:
        """Start loading a preset; ``request`` identifies it in the result."""
        token = object()
        with self._lock:
            self._newest, self._done = token, None
        work = threading.Thread(
            target=self._work, args=(token, request, load), name="livefilter.pipeline.preset-loader", daemon=True
        )
        work.start()

    def poll(self) -> LoadResult | None:
        """Return the result of the newest request once, when it is known."""
        if self._done is None:
            return None
        with self._lock:
            done, self._done = self._done, None
            if done is not None:
                self._newest = None
            return done

    def close(self) -> None:
        """Cancel the work in progress."""
        with self._lock:
            self._newest = self._done = None

    def _work(self, token: object, request: object, load: Callable[[], Preset]) -> None:
        ready, failed = None, None
        try:
            ready = Filter(load(), threads=self._threads)
            future = self._prepare(ready)
            while not self._is_over(future):
                if self._newest is not token:
                    future.cancel()
                    return
            future.result()
        except Exception as error:
            ready, failed = None, error
        with self._lock:
            if self._newest is token:
                self._done = LoadResult(request, ready, failed)

    @staticmethod
    def _is_over(future: Future[None]) -> bool:
        try:
            future.exception(timeout=_POLL_S)
        except TimeoutError:
            return False
        return True
