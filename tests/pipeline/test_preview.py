"""The preview with a fake window: each key does what the help says.

In most tests the pipeline's loop and the window take turns in one thread, on a clock that the test advances.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Result
from livefilter.compiler import Filter
from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.layers import Compare
from livefilter.pipeline import Preview
from livefilter.pipeline.live import Output
from livefilter.presets import Preset, load_preset
from livefilter.sinks import WindowSink
from livefilter.testing import ArraySource, FakeClock, ListSink, wait_until

Pixels = NDArray[np.uint8]
SHAPE = (240, 320)
ARRAYS = [np.full(SHAPE, level, np.uint8) for level in range(10, 90, 10)]
RATE = Fraction(8)


class Window(WindowSink):
    """A fake window that stores pictures and presses the next key at each poll."""

    def __init__(self) -> None:
        self.target = "a stand-in"
        self.is_closed = self.is_minimised = False
        self.shown: list[Pixels] = []
        self.done: list[object] = []
        self.keys: list[str | None] = []
        self.on_drag = lambda share: None

    def show(self, pixels: Pixels) -> None:
        """Keep a copy."""
        self.shown.append(pixels.copy())

    def poll_key(self, wait_ms: int) -> str | None:
        """Press the next key, if there is one."""
        return self.keys.pop(0) if self.keys else None

    def toggle_full_screen(self) -> None:
        """Record the call."""
        self.done.append("full screen")

    def zoom(self, factor: float) -> None:
        """Record the call."""
        self.done.append(factor)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Record the call."""
        self.done.append("closed")
        return None

    @property
    def level(self) -> int:
        """The gray level of the last picture in its lower right corner, where no panel is."""
        return int(self.shown[-1][-1, -1])


def at_once(made: Filter) -> Future[None]:
    """Make a Filter ready where nothing is compiled."""
    assert made.chain
    done: Future[None] = Future()
    done.set_result(None)
    return done


class ManualPreview:
    """A preview whose loop and window take one step at a time."""

    def __init__(
        self,
        presets: Sequence[str],
        *,
        initial: Preset | str | None = None,
        source: ArraySource | None = None,
        clock: FakeClock | None = None,
        **options: Any,
    ) -> None:
        self.window = Window()
        self.clock = FakeClock(100)
        self.notices: list[str] = []
        given: dict[str, Any] = {"snapshot_folder": Path("nowhere"), "overlay": False} | options
        self.preview = Preview(
            source or ArraySource(ARRAYS, rate=RATE),
            presets[0] if initial is None else initial,
            presets=presets,
            window=self.window,
            notify=self.notices.append,
            clock=self.clock,
            prepare=at_once,
            **given,
        )
        self.live = self.preview.live

    def step(self, key: str | None = None) -> int:
        """Step the loop, then the window, where a key may be pressed; return the gray level that is shown."""
        self.live.loop.step(0)
        self.window.keys = [key]
        self.preview.step()
        while self.live.preset.is_changing:
            self.live.service()
        return self.window.level

    def is_recorded(self) -> bool:
        """Return whether there is a recording: a call, because mypy assumes that an attribute keeps its value."""
        return self.live.is_recording

    def broken(self) -> str | None:
        """Return the error in the preset's file."""
        return self.live.preset.broken

    def next_frame(self) -> int:
        """Advance the clock by a frame, and step."""
        self.clock.advance(1 / 8)
        return self.step()

    def press(self, *keys: str) -> int:
        """Press keys, and draw their effects."""
        for key in keys:
            self.step(key)
        return self.step()


@pytest.fixture
def presets(tmp_path: Path) -> list[str]:
    """Three presets without overlay: the picture as it is, its negative, and a broken one."""
    texts = {"plain": "steps: []", "negative": "steps: [tone: {invert: true}]", "broken": "steps: [blurr: {}]"}
    paths = []
    for name, text in texts.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text + ("\noverlay: {scores: false, name: false}\n" if name != "broken" else "\n"))
        paths.append(str(path))
    return paths


def run(
    presets: list[str], source: ArraySource | None = None, stops: int = 10**9, **options: Any
) -> tuple[Window, Any]:
    """Run a preview with its threads, on the real clock; return the window and the summary."""
    window = Window()
    window.keys = options.pop("keys", [])
    made = Preview(
        source or ArraySource(ARRAYS, rate=Fraction(100)),
        presets[0],
        presets=presets,
        window=window,
        overlay=False,
        snapshot_folder=Path("nowhere"),
        prepare=at_once,
        **options,
    )
    asked = iter(range(stops))
    return window, made.run(lambda: next(asked, None) is None)


def test_every_frame_of_a_clip_is_shown_until_it_ends(presets: list[str]) -> None:
    """Unfiltered here; the summary counts them, and nothing was lost."""
    window, summary = run(presets)
    levels = [int(shown[-1, -1]) for shown in window.shown]
    assert list(dict.fromkeys(levels)) == [0, *range(10, 90, 10)]
    assert (summary.frames, summary.loss, summary.is_interrupted, summary.outputs) == (8, None, False, ())
    assert (summary.dropped, summary.failure, summary.preset) == (0, None, "plain")


@pytest.mark.parametrize(("compare", "shape"), [("none", SHAPE), ("wipe", SHAPE), ("side", (240, 640))])
def test_the_window_opens_before_the_first_frame_comes(
    compare: Compare, shape: tuple[int, int], presets: list[str]
) -> None:
    """That takes the time of some frames, which would be dropped; it opens in the size that pictures will have."""
    window, summary = run(presets, ArraySource(ARRAYS, is_live=True), compare=compare, keys=["q"])
    assert [picture.shape for picture in window.shown] == [shape]
    assert window.shown[0].max() > 200, "it says that it starts"
    assert summary.frames <= 1


@pytest.mark.parametrize("key", ["q", "Q", "esc"])
def test_q_and_escape_quit(key: str, presets: list[str]) -> None:
    """As a normal end."""
    _, summary = run(presets, ArraySource(ARRAYS, rate=Fraction(1, 100)), keys=[None, key])
    assert not summary.is_interrupted


def test_the_window_is_gone_before_recordings_are_finished(presets: list[str]) -> None:
    """That may take its time, in which a window would not answer."""
    manual = ManualPreview(presets, source=ArraySource(ARRAYS, rate=RATE))

    class Slow(ListSink):
        """Records what the window did before this sink was finished."""

        def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
            seen.extend(manual.window.done)
            return None

    seen: list[object] = []
    manual.live.add_sink("slow", Slow())
    manual.window.keys = ["q"]
    manual.preview.run()
    assert seen == ["closed"]


def test_closing_the_window_ends_it(presets: list[str]) -> None:
    """As a normal end, though the source would go on for hours."""
    manual = ManualPreview(presets, source=ArraySource(ARRAYS, rate=Fraction(1, 3600)))
    manual.window.is_closed = True
    assert not manual.preview.run().is_interrupted


def test_should_stop_ends_it_as_interrupted(presets: list[str]) -> None:
    """A signal, at the command line."""
    _, summary = run(presets, ArraySource(ARRAYS, rate=Fraction(1, 3600)), stops=4)
    assert summary.is_interrupted


def test_all_threads_end_with_it(presets: list[str]) -> None:
    """None is left behind."""
    before = set(threading.enumerate())
    run(presets)
    assert {
        thread.name for thread in set(threading.enumerate()) - before if thread.name != "livefilter.compiler.worker"
    } == set()


def test_a_single_picture_stays_until_the_user_quits(presets: list[str]) -> None:
    """It does not flash up for a 25th of a second, and can be looked at through another preset."""
    manual = ManualPreview(presets, source=ArraySource(ARRAYS[:1], rate=RATE))
    assert [manual.next_frame() for _ in range(20)] == [10] * 20
    assert manual.live.is_over
    assert not manual.preview.is_finished
    assert manual.press("2") == 245


def test_a_single_picture_stays_whenever_the_loop_ends(presets: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it ends in the middle of the question whether all is over; the loop has a thread of its own."""
    shown = ManualPreview(presets, source=ArraySource(ARRAYS[:1], rate=RATE))
    shown.next_frame()
    loop = shown.live.loop
    answers = iter([False])
    monkeypatch.setattr(type(loop), "is_over", property(lambda self: next(answers, True)), raising=False)
    assert loop.means.frames == 1
    assert [shown.preview.is_finished for _ in range(3)] == [False] * 3


def test_space_pauses_a_file_and_goes_on(presets: list[str]) -> None:
    """No new frame comes meanwhile, and all others come afterwards."""
    manual = ManualPreview(presets)
    assert manual.next_frame() == 10
    manual.press(" ")
    assert [manual.next_frame() for _ in range(50)] == [10] * 50
    manual.press(" ")
    assert [manual.next_frame() for _ in range(7)] == list(range(20, 90, 10))


def test_a_paused_live_source_is_not_filtered(presets: list[str]) -> None:
    """The picture stands, frames pass by, and none of them counts as dropped; nor does a minimised window cost any."""

    class Gated(ArraySource):
        """A live source that delivers a frame when the test lets it."""

        gate = threading.Semaphore(0)

        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                assert self.gate.acquire(timeout=30)
                yield frame

    class Idle(Output):
        """An output without a consumer, which the loop asks once for every frame."""

        name = "idle"
        is_display = False
        asked = threading.Semaphore(0)

        @property
        def has_consumer(self) -> bool:
            self.asked.release()
            return False

        def put(self, result: Result) -> None:
            raise AssertionError("has no consumer")

        def end(self) -> None:
            return None

    source, output = Gated(ARRAYS[:3], is_live=True), Idle()
    preview, window = (manual := ManualPreview(presets, source=source)).preview, manual.window
    manual.live.add_output(output)
    with manual.live:
        source.gate.release()
        assert output.asked.acquire(timeout=30)

        def is_shown() -> bool:
            preview.step()
            return bool(window.shown)

        wait_until(is_shown)
        for idle in ("paused", "minimised"):
            window.keys = [" "]  # Pauses, and then resumes.
            window.is_minimised = idle == "minimised"
            preview.step()
            source.gate.release()
            assert output.asked.acquire(timeout=30)
            preview.step()
            assert window.level == 10
    assert manual.live.stats.snapshot().frames_out == 1
    assert manual.live.stats.snapshot().dropped == {}


def test_a_window_that_shows_nothing_new_is_left_alone(presets: list[str]) -> None:
    """Idle costs nothing: what stands is not drawn four times a second; a line that comes or goes is."""
    manual = ManualPreview(presets)
    manual.next_frame()
    manual.press(" ")
    shown = len(manual.window.shown)
    for _ in range(5):
        manual.clock.advance(0.3)
        manual.preview.step()
    assert len(manual.window.shown) == shown
    manual.live.preset.broken = "mine.yaml:1:1: broken"
    manual.clock.advance(0.3)
    manual.preview.step()
    assert len(manual.window.shown) == shown + 1


def test_digits_change_the_preset(presets: list[str]) -> None:
    """The picture on show is filtered again at once; the summary names the last preset."""
    manual = ManualPreview(presets)
    assert manual.next_frame() == 10
    assert manual.press("2") == 245
    assert manual.press("1") == 10
    assert manual.press("2") == 245
    assert manual.live.summary(is_interrupted=False).preset == "negative"


@pytest.mark.parametrize("key", ["4", "9", "x", "é", "²"])
def test_other_keys_do_nothing(key: str, presets: list[str]) -> None:
    """Nor do digits without a preset."""
    manual = ManualPreview(presets)
    manual.next_frame()
    before = manual.window.shown[-1]
    manual.press(key)
    np.testing.assert_array_equal(manual.window.shown[-1], before)
    assert manual.live.preset.filter.preset.name == "plain"


def test_n_and_p_step_through_all_presets_and_one_s_own(presets: list[str], tmp_path: Path) -> None:
    """Also those without a digit, and round at the ends; the preset of the start comes back by 0, too."""
    own = tmp_path / "own.yaml"
    own.write_text("steps: [tone: {offset: 100}]\noverlay: {scores: false, name: false}\n")
    manual = ManualPreview(presets[:2], initial=str(own))
    assert manual.next_frame() == 110
    assert [manual.press("n") for _ in range(4)] == [10, 245, 110, 10]
    assert [manual.press("p") for _ in range(4)] == [110, 245, 10, 110]
    assert [manual.press(key) for key in ("2", "p", "2", "0", "n")] == [245, 10, 245, 110, 10]
    assert "0\town, as at the start" in manual.preview.help_lines


def test_stepping_passes_a_broken_preset(presets: list[str]) -> None:
    """It is reported, the picture stays, and the next step goes on."""
    manual = ManualPreview(presets)
    assert manual.next_frame() == 10
    assert [manual.press("n") for _ in range(3)] == [245, 245, 10]
    assert "broken.yaml:1:9" in manual.notices[0]


def test_stepping_from_a_preset_object_begins_at_the_ends(presets: list[str]) -> None:
    """It has no name to return to."""
    for key, level in (("n", 10), ("p", 245), ("0", 10)):
        manual = ManualPreview(presets[:2], initial=load_preset(presets[0]))
        manual.next_frame()
        assert manual.press(key) == level


def test_a_broken_preset_is_reported_and_the_old_one_stays(presets: list[str]) -> None:
    """A typing error in a file must not end the show; it is read on the picture, too."""
    manual = ManualPreview(presets)
    manual.next_frame()
    before = manual.window.shown[-1]
    manual.press("2", "3")
    assert len(manual.notices) == 1
    assert "broken.yaml:1:9" in manual.notices[0]
    assert manual.window.level == 245
    assert (manual.window.shown[-1] != 255 - before).any()


def test_only_nine_presets_have_digits(presets: list[str]) -> None:
    """A tenth has none, and is not in the help."""
    lines = ManualPreview(presets * 4).preview.help_lines
    assert [line.split()[0] for line in lines[-9:]] == list("123456789")


def test_brackets_adjust_the_strength(tmp_path: Path) -> None:
    """A threshold here: the picture is above it, or not; the preset keeps its name, and a notice shows the value."""
    path = tmp_path / "level.yaml"
    path.write_text("steps: [threshold: {level: 9}]\noverlay: {scores: false, name: false}\n")
    manual = ManualPreview([str(path)])
    assert manual.next_frame() == 255
    assert manual.press("]") == 0
    assert manual.press("[") == 255
    assert manual.notices == ["threshold level 11", "threshold level 9"]
    assert manual.live.preset.filter.preset.name == "level"


def test_a_preset_without_a_strength_setting_says_so(presets: list[str]) -> None:
    """Nothing else happens."""
    manual = ManualPreview(presets)
    manual.next_frame()
    manual.press("]")
    assert manual.notices == ["plain has no strength setting"]


def test_o_shows_and_hides_the_overlay() -> None:
    """The scores' panel comes and goes; what is under it stays."""
    manual = ManualPreview(["sobel-vertical"])
    manual.next_frame()
    corner = (slice(-20, None), slice(0, 100))
    seen = [bool(manual.window.shown[-1][corner].any())]
    for _ in range(2):
        manual.press("o")
        seen.append(bool(manual.window.shown[-1][corner].any()))
    assert seen == [False, True, False]


def test_c_goes_through_the_comparisons(presets: list[str]) -> None:
    """None, side, wipe, pip, and none again; it stays when the preset changes."""
    manual = ManualPreview(presets)
    manual.next_frame()
    manual.press("2")
    shapes, levels = [], []
    for _ in range(5):
        shapes.append(manual.window.shown[-1].shape)
        levels.append(int(manual.window.shown[-1][-1, 0]))
        manual.press("c")
    assert shapes == [SHAPE, (240, 640), SHAPE, SHAPE, SHAPE]
    assert levels == [245, 10, 10, 245, 245]
    manual.press("1")
    assert manual.window.shown[-1].shape == (240, 640)


def test_a_drag_moves_the_line_of_the_wipe(presets: list[str]) -> None:
    """And does nothing in other comparisons."""
    manual = ManualPreview(presets, compare="wipe")
    manual.next_frame()
    manual.press("2")
    row = manual.window.shown[-1][-1]
    assert (int(row[150]), int(row[170])) == (10, 245)
    manual.window.on_drag(0.25)
    manual.step()
    row = manual.window.shown[-1][-1]
    assert (int(row[70]), int(row[90])) == (10, 245)
    manual.press("c", "c")
    manual.window.on_drag(0.75)
    assert manual.live.comparison.wipe == 0.25


def test_m_mirrors_the_source(presets: list[str]) -> None:
    """Left is right, before the filter, also of the picture that stands."""
    half = np.hstack([np.full((240, 160), 10, np.uint8), np.full((240, 160), 90, np.uint8)])
    manual = ManualPreview(presets, source=ArraySource([half] * 3, rate=RATE))
    assert manual.next_frame() == 90
    assert manual.press("m") == 10
    assert manual.next_frame() == 10
    assert manual.press("m") == 90


def test_t_holds_the_scores_scale() -> None:
    """The bars of a weaker picture are shorter then, instead of being drawn on a finer scale."""
    strong = np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (240, 20))
    manual = ManualPreview(["sobel-vertical"], source=ArraySource([strong, strong // 64, strong // 64], rate=RATE))
    manual.press("o")
    manual.next_frame()
    manual.press("t")
    assert manual.live.overlay.is_scale_held
    before = manual.live.preset.filter.preset.steps
    held = manual.live.overlay.scales
    manual.clock.advance(100)
    manual.next_frame()
    assert manual.live.overlay.scales == held
    assert "held" in manual.notices[-1]
    manual.press("]")
    assert manual.live.preset.filter.preset.steps != before
    assert manual.live.overlay.scales == held, "the same frames have the same scores, whatever filter is in force"
    manual.press("t")
    assert "follows" in manual.notices[-1]


def test_i_shows_and_hides_statistics(presets: list[str]) -> None:
    """A darker panel on the left, with figures."""
    bright = ArraySource([np.full(SHAPE, 250, np.uint8)] * 3, rate=RATE)
    manual = ManualPreview(presets, source=bright)
    manual.next_frame()
    medians = []
    for key in "ii":
        manual.press(key)
        medians.append(float(np.median(manual.window.shown[-1][10:60, 5:80])))
    assert medians == [75, 250]


def test_f_plus_and_minus_are_for_the_window(presets: list[str]) -> None:
    """The keys beside them without Shift count too."""
    manual = ManualPreview(presets)
    manual.press("f", "+", "=", "-", "_")
    assert manual.window.done == ["full screen", 1.25, 1.25, 0.8, 0.8]


def test_h_shows_and_hides_the_help(presets: list[str]) -> None:
    """A darker panel in the middle, with every key and every preset."""
    bright = ArraySource([np.full(SHAPE, 250, np.uint8)] * 2, rate=RATE)
    manual = ManualPreview(presets, source=bright)
    manual.next_frame()
    middle = []
    for key in "hh":
        manual.press(key)
        middle.append(float(np.median(manual.window.shown[-1][100:140, 140:180])))
    assert middle == [22, 250]
    words = "\n".join(manual.preview.help_lines)
    for key in ("q", "Esc", "space", *"srocmtif[]+-h", "drag", "1\tplain", "2\tnegative", "3\tbroken"):
        assert key in words


def test_s_saves_what_is_shown(presets: list[str], tmp_path: Path) -> None:
    """As a PNG named by time, preset and frame, without the help; a line says where."""
    folder = tmp_path / "shots"
    folder.mkdir()
    manual = ManualPreview(presets, snapshot_folder=folder)
    manual.next_frame()
    manual.press("2", "h", "s")
    (path,) = folder.iterdir()
    assert re.fullmatch(r"livefilter-\d{8}-\d{6}-negative-000000\.png", path.name)
    assert manual.notices == [f"saved {path}"]
    saved = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert saved is not None
    assert (saved == 245).all()


def test_r_records_and_stops(presets: list[str], tmp_path: Path) -> None:
    """A file named by time and preset holds what was shown between; the status says that it is recorded."""
    manual = ManualPreview(presets, snapshot_folder=tmp_path)
    manual.next_frame()
    manual.press("r")
    assert manual.is_recorded() is True
    assert any(line.startswith("REC 0:00") for line in manual.preview.panels.status)
    for _ in range(3):
        manual.next_frame()
    manual.press("r")
    assert manual.is_recorded() is False
    with manual.live:
        pass
    (path,) = tmp_path.glob("livefilter-*.mp4")
    assert manual.notices == [f"saved {path}"]
    assert re.fullmatch(r"livefilter-\d{8}-\d{6}-plain\.mp4", path.name)
    assert manual.live.summary(is_interrupted=False).outputs == (str(path),)
    capture = cv2.VideoCapture(str(path))
    levels = []
    while (read := capture.read())[0]:
        levels.append(int(read[1][-1, -1, 0]))
    assert np.allclose(levels, [20, 30, 40], atol=2)


def test_nothing_that_is_saved_replaces_another(presets: list[str], tmp_path: Path) -> None:
    """Two of the same second are numbered, while the first one is still being written, too."""
    start = "livefilter-20260102-120000-plain"
    manual = ManualPreview(presets, snapshot_folder=tmp_path, now=lambda: datetime(2026, 1, 2, 12))
    manual.next_frame()
    manual.press("s", "s")
    for _ in range(3):
        manual.press("r")
        manual.next_frame()
        manual.press("r")
        (tmp_path / f"{start}-3.partial.mp4").touch()  # What a crash left behind.
    with manual.live:
        pass
    saved = {path.name for path in tmp_path.glob("livefilter-*")}
    videos = {f"{start}.mp4", f"{start}-2.mp4", f"{start}-3.partial.mp4", f"{start}-4.mp4"}
    assert saved == {f"{start}-000000.png", f"{start}-2-000000.png", *videos}


def test_a_recording_that_cannot_be_created_is_reported(presets: list[str], tmp_path: Path) -> None:
    """The show goes on."""
    (tmp_path / "file").touch()
    manual = ManualPreview(presets, snapshot_folder=tmp_path / "file")
    manual.next_frame()
    manual.press("r", "s")
    assert not manual.live.is_recording
    assert [f"{tmp_path / 'file'}: cannot be created" in line for line in manual.notices] == [True, True]
    assert manual.next_frame() == 20


def test_the_folder_of_snapshots_is_made_when_it_is_needed(presets: list[str], tmp_path: Path) -> None:
    """Not before: without snapshots there is no empty folder."""
    folder = tmp_path / "shots" / "today"
    manual = ManualPreview(presets, snapshot_folder=folder)
    manual.next_frame()
    assert not folder.parent.exists()
    manual.press("s")
    assert len(list(folder.iterdir())) == 1


def test_a_presets_name_cannot_lead_a_snapshot_elsewhere(tmp_path: Path) -> None:
    """A name is free text; in a file's name, what is no letter becomes a dash."""
    path = tmp_path / "odd.yaml"
    path.write_text('name: "../a b/c"\nsteps: []\n')
    folder = tmp_path / "shots"
    folder.mkdir()
    manual = ManualPreview([str(path)], snapshot_folder=folder)
    manual.next_frame()
    manual.press("s")
    (saved,) = folder.iterdir()
    assert saved.name.endswith("-..-a-b-c-000000.png")


def test_keys_before_the_first_frame_do_no_harm(presets: list[str]) -> None:
    """There is nothing to save, to draw again or to pause yet."""
    manual = ManualPreview(presets)
    for key in " sochmti[]f+-2":
        manual.preview.press(key)
    assert manual.window.shown == []


def test_a_source_that_breaks_midway_ends_it_with_a_loss(presets: list[str]) -> None:
    """All frames before are shown."""
    window, summary = run(presets, ArraySource(ARRAYS, rate=Fraction(100), fails_after=3))
    assert summary.frames == 3
    assert window.level == 30
    assert summary.loss == "arrays: set to fail after 3 frames"


def test_a_source_that_breaks_at_once_is_an_error(presets: list[str]) -> None:
    """There is nothing to show."""
    with pytest.raises(SourceError, match="after 0 frames"):
        run(presets, ArraySource(ARRAYS, fails_after=0))


def test_what_the_source_lost_is_in_the_summary(presets: list[str]) -> None:
    """As when it is processed."""
    _, summary = run(presets, ArraySource(ARRAYS, rate=Fraction(100), loss="2 damaged packets"))
    assert summary.loss == "2 damaged packets"


def test_a_live_source_is_read_by_its_own_thread(presets: list[str]) -> None:
    """Every frame was either filtered or counted as dropped, and the last one is shown."""
    window, summary = run(presets, ArraySource(ARRAYS, is_live=True))
    assert summary.frames + summary.dropped == 8
    assert window.level == 80


def test_colour_and_a_change_of_size_can_be_shown(presets: list[str]) -> None:
    """A window, unlike a video, need not keep its size."""

    class Mixed(ArraySource):
        """A BGR picture and a smaller gray one."""

        def __iter__(self) -> Iterator[Frame]:
            yield Frame(np.full((8, 8, 3), 40, np.uint8), 0, Fraction(0), 0)
            yield Frame(np.full((4, 4), 50, np.uint8), 1, 1 / RATE, 0)

    window, summary = run(presets, Mixed(ARRAYS, rate=RATE))
    assert summary.frames == 2
    seen = dict.fromkeys((shown.shape, int(shown[0, 0])) for shown in window.shown)
    assert list(seen)[1:] == [((8, 8), 40), ((4, 4), 50)]


def test_saving_the_presets_file_swaps_it_in(presets: list[str]) -> None:
    """Written in place here; the picture that stands is filtered again."""
    manual = ManualPreview(presets)
    assert manual.next_frame() == 10
    Path(presets[0]).write_text(Path(presets[1]).read_text())
    for _ in range(3):
        manual.clock.advance(0.06)
        manual.press()
    assert manual.press() == 255 - 20
    assert manual.notices == [f"{presets[0]}: reloaded"]


def test_a_broken_file_keeps_the_last_good_filter_and_is_shown_until_it_is_fixed(presets: list[str]) -> None:
    """File, line and column are read on the picture."""
    good = Path(presets[1]).read_text()
    manual = ManualPreview(presets[1:])
    assert manual.next_frame() == 245
    Path(presets[1]).write_text("steps:\n  - blurr: {}\n")
    for _ in range(3):
        manual.clock.advance(0.06)
        manual.press()
    manual.press()
    assert "negative.yaml:2:5" in (manual.broken() or "")
    assert manual.broken() == manual.preview.panels.broken
    assert manual.preview.panels.notice == "", "it stands there once"
    assert manual.window.level >= 200
    Path(presets[1]).write_text(good + "# fixed\n")
    for _ in range(3):
        manual.clock.advance(0.06)
        manual.press()
    manual.press()
    assert manual.broken() is None
    assert manual.preview.panels.broken == ""
