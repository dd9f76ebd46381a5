"""The live preview: a source through a filter into a window, with keys."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from livefilter.compiler import Filter, Filtered, to_gray
from livefilter.errors import LivefilterError, SourceError
from livefilter.frame import Frame, Pixels
from livefilter.overlays import COMPARES, Compare, Overlay, draw_panel
from livefilter.pipeline._feed import Feed, NewestFeed, PacedFeed
from livefilter.pipeline._summary import ScoreMean, Summary
from livefilter.presets import Preset
from livefilter.sinks import WindowSink, write_picture
from livefilter.sources import Source

_RATE_WINDOW = 30
_LONGEST_WAIT_MS = 15


class Preview:
    """A window on a filtered source. Only for the main thread.

    Keys: q or Esc quits, space pauses, s saves a snapshot, o shows or hides the overlay, c changes the comparison, 1 to
    9 change the preset, h shows the help.

    Args:
        source: An open source.
        preset: What to begin with.
        presets: What the digits stand for: names or paths.
        window: Where it is shown.
        compare: How the original is shown at first.
        overlay: Whether the overlay is shown at first.
        snapshot_folder: Where snapshots go.
        threads: Threads that may work on one frame.
        announce: Called with one line when something happened that the user should know.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        source: Source,
        preset: Preset | str,
        *,
        presets: Sequence[str],
        window: WindowSink,
        compare: Compare = "none",
        overlay: bool = True,
        snapshot_folder: Path,
        threads: int | None = None,
        announce: Callable[[str], object] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._presets = list(presets[:9])
        self._window = window
        self._snapshot_folder = snapshot_folder
        self._threads = threads
        self._announce = announce
        self._clock = clock
        self._filter = Filter(preset, threads=threads)
        self._overlay = Overlay(self._filter.preset.overlay, self._filter.preset.name, compare)
        self._overlay.is_shown = overlay
        self._is_helping = self._is_paused = self._is_quitting = False
        self._feed: Feed | None = None
        self._last: tuple[Frame, Filtered] | None = None
        self._shown: Pixels | None = None
        self._shown_at: deque[float] = deque(maxlen=_RATE_WINDOW)
        self._means = ScoreMean()
        self._keys: dict[str, tuple[str, Callable[[], None]]] = {
            "q": ("quit (or Esc)", self._quit),
            " ": ("pause, go on", self._pause),
            "s": ("save a snapshot", self._snapshot),
            "o": ("overlay on, off", self._toggle_overlay),
            "c": ("compare: none, side, wipe, pip", self._next_compare),
            "h": ("help on, off", self._toggle_help),
        }

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Summary:
        """Show frames until the source ends, the user quits or closes the window, or ``should_stop`` says so.

        A single picture stays until the user quits.

        Raises:
            SourceError: The source broke before its first frame.
        """
        started_s, loss = self._clock(), None
        feed: Feed
        with NewestFeed(self._source) if self._source.facts.is_live else PacedFeed(self._source, self._clock) as feed:
            self._feed = feed
            try:
                while not (self._is_quitting or self._window.is_closed or self._is_seen(feed) or should_stop()):
                    self._turn(feed)
            except SourceError as error:
                if self._last is None:
                    raise
                loss = str(error)
            dropped = feed.dropped
        seconds = self._clock() - started_s
        return Summary(
            source=self._source.facts.name,
            preset=self._filter.preset.name,
            frames=self._means.frames,
            seconds=seconds,
            fps=self._means.frames / max(seconds, 1e-9),
            mean_score=self._means.mean,
            outputs=(),
            loss="; ".join(filter(None, (loss, self._source.loss))) or None,
            is_interrupted=should_stop(),
            dropped=dropped,
        )

    def press(self, key: str) -> None:
        """Do what a key stands for; other keys do nothing, and Caps Lock changes nothing."""
        key = key.lower()
        if key == "esc":
            self._quit()
        elif key in self._keys:
            self._keys[key][1]()
        elif key.isdecimal() and 1 <= int(key) <= len(self._presets):
            self._switch(self._presets[int(key) - 1])
        self._redraw()

    def _is_seen(self, feed: Feed) -> bool:
        """Return whether there is nothing more to show: a stream has ended, but a single picture is still looked at."""
        return feed.is_over and self._means.frames != 1

    def _turn(self, feed: Feed) -> None:
        """Show a frame if there is one, and do what keys ask for."""
        frame = feed.take()
        if frame is not None:
            frame = replace(frame, pixels=to_gray(frame.pixels))
            result = self._filter(frame.pixels)
            self._means.add(result.score)
            self._last = (frame, result)
            self._shown_at.append(self._clock())
            self._redraw()
        key = self._window.poll_key(min(_LONGEST_WAIT_MS, round(feed.rest_s() * 1000)))
        if key is not None:
            self.press(key)

    def _redraw(self) -> None:
        if self._last is None:
            return
        frame, result = self._last
        span_s = self._shown_at[-1] - self._shown_at[0]
        fps = (len(self._shown_at) - 1) / span_s if span_s > 0 else None
        self._shown = self._overlay.draw(frame.pixels, result.image, result.score, frame.time_s, fps)
        picture = self._shown
        if self._is_helping:
            picture = picture.copy()
            draw_panel(picture, self._help())
        self._window.show(picture)

    def _help(self) -> list[str]:
        names = {" ": "space"}
        keys = [f"{names.get(key, key)}   {meaning}" for key, (meaning, _) in self._keys.items()]
        return keys + [f"{digit}   {Path(name).stem}" for digit, name in enumerate(self._presets, start=1)]

    def _quit(self) -> None:
        self._is_quitting = True

    def _pause(self) -> None:
        self._is_paused = not self._is_paused
        if self._feed is not None:
            self._feed.pause(self._is_paused)

    def _toggle_overlay(self) -> None:
        self._overlay.is_shown = not self._overlay.is_shown

    def _toggle_help(self) -> None:
        self._is_helping = not self._is_helping

    def _next_compare(self) -> None:
        self._overlay.compare = COMPARES[(COMPARES.index(self._overlay.compare) + 1) % len(COMPARES)]

    def _switch(self, preset: str) -> None:
        try:
            self._filter = Filter(preset, threads=self._threads)
        except LivefilterError as error:
            self._announce(str(error))
            return
        changed = Overlay(self._filter.preset.overlay, self._filter.preset.name, self._overlay.compare)
        changed.is_shown, changed.wipe = self._overlay.is_shown, self._overlay.wipe
        self._overlay = changed
        if self._last is not None:
            frame, _ = self._last
            self._last = (frame, self._filter(frame.pixels))

    def _snapshot(self) -> None:
        """Save what is shown, under the time and the preset's name."""
        if self._last is None or self._shown is None:
            return
        preset = re.sub(r"[^\w.-]+", "-", self._filter.preset.name)
        name = f"livefilter-{datetime.now():%Y%m%d-%H%M%S}-{preset}-{self._last[0].index:06d}.png"
        try:
            write_picture(self._snapshot_folder / name, self._shown, overwrite=True)
        except LivefilterError as error:
            self._announce(str(error))
            return
        self._announce(f"saved {self._snapshot_folder / name}")
