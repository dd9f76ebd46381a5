"""The preset of a live pipeline: gone over to another one, turned up and down, loaded anew when its file is saved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Literal

from livefilter.compiler import Filter
from livefilter.errors import LivefilterError
from livefilter.pipeline.live._file_watch import FileWatch
from livefilter.pipeline.live._preset_loader import Switcher
from livefilter.presets import Preset, adjust_strength, load_preset

_SLOW_START_S = 0.7
_MOST_NOTCHES = 12


@dataclass(frozen=True, slots=True)
class _Wish:
    """Why a preset is loaded: to go over to it, because a file was saved, or to turn its main parameter.

    Its files are watched from when they are read; a preset that is turned has been read before.
    """

    kind: Literal["switch", "reload", "strength"]
    name: str
    watch: FileWatch | None = None


class LivePreset:
    """A preset that can become another one while pictures are made with it.

    Args:
        preset: What to begin with, compiled now: a Preset, or the name or path of one, whose file is watched,
            and those that it starts from.
        threads: Threads that may work on one frame.
        announce: Called with one line when something happened that the user should know.
        clock: Seconds that only grow.
        prepare: Makes a Filter ready in the background.

    Attributes:
        filter: In force.
        broken: What is wrong with the preset's file, until it is mended; None while all is well.

    Raises:
        PresetError: The preset is missing or not valid.
    """

    def __init__(
        self,
        preset: Preset | str | PathLike[str],
        *,
        threads: int | None = None,
        announce: Callable[[str], object] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        prepare: Callable[[Filter], Future[None]] = Filter.prepare,
    ) -> None:
        self._clock = clock
        self._watch: FileWatch | None = None
        self._name = preset.name if isinstance(preset, Preset) else fspath(preset)
        if not isinstance(preset, Preset):
            self._watch = FileWatch(clock)
            preset = load_preset(preset, on_read=self._watch.add)
        self.filter = Filter(preset, threads=threads)
        self.broken: str | None = None
        self._announce = announce
        self._switcher = Switcher(threads, prepare)
        self._base = self.filter.preset
        self._notches = 0
        self._is_loading = False
        self._newest_watch: FileWatch | None = None
        self._compile()

    @property
    def is_changing(self) -> bool:
        """Whether another preset is being loaded or compiled."""
        return self._switcher.is_busy

    def switch(self, preset: str) -> None:
        """Go over to another preset, by name or path, as soon as it is compiled."""
        self._load("switch", preset)

    def strengthen(self, notches: int) -> None:
        """Turn the preset's main parameter up, or down for negative notches; not while another preset is on its way."""
        if self._is_loading:
            return
        wanted = min(max(self._notches + notches, -_MOST_NOTCHES), _MOST_NOTCHES)
        turned = adjust_strength(self._base, wanted)
        if turned is None:
            self._announce(f"{self._base.name}: has no main parameter")
            return
        self._notches = wanted
        self._announce(f"{turned.parameter} {turned.value}")
        self._switcher.ask(_Wish("strength", self._name), lambda: turned.preset)

    def poll(self) -> bool:
        """Load a file that was saved, and go over to what is ready; return whether ``filter`` is another one now."""
        if self._watch is not None and self._watch.is_changed():
            self._load("reload", self._name)
        done = self._switcher.poll()
        if done is None:
            return False
        wish = done.wish
        assert isinstance(wish, _Wish)
        self._is_loading = False
        if done.filter is None:
            self._refuse(wish, done.error)
            return False
        self.filter = done.filter
        if wish.kind != "strength":
            self._base, self._notches, self.broken = done.filter.preset, 0, None
            self._name, self._watch = wish.name, wish.watch
        if wish.kind == "reload":
            self._announce(f"{wish.name}: loaded anew")
        return True

    def close(self) -> None:
        """Let go of what is being compiled."""
        self._switcher.close()

    def _load(self, kind: Literal["switch", "reload"], name: str) -> None:
        self._is_loading = True
        watch = self._newest_watch = FileWatch(self._clock)

        def load() -> Preset:
            preset = load_preset(name, on_read=watch.add)
            if kind == "reload" and self._newest_watch is watch:
                self.broken = None  # It is mended, though it may take seconds to compile.
            return preset

        self._switcher.ask(_Wish(kind, name, watch), load)

    def _refuse(self, wish: _Wish, error: Exception | None) -> None:
        if error is not None and not isinstance(error, LivefilterError):
            raise error
        if wish.kind == "reload" and wish.watch is not None and self._watch is not None:
            wish.watch.keep(self._watch)  # It may have failed before it had read all of them.
            self._watch = wish.watch
            self.broken = str(error)
        self._announce(str(error))

    def _compile(self) -> None:
        line = f"compiling the preset {self._base.name}; it is kept for the next time"
        waiting = threading.Timer(_SLOW_START_S, self._announce, [line])
        waiting.daemon = True
        waiting.start()
        try:
            assert self.filter.chain
        finally:
            waiting.cancel()
