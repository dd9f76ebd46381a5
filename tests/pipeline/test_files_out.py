"""Out: what is left on the disk, in a pipe, and after everything that can go wrong."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import Encoding, VideoSink
from livefilter.sources import open_source
from livefilter.testing import running
from tests.pipeline.conftest import Media

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
SCORE = EdgeScore(0, 0, 0)
RECORD = """
    import sys, time
    from fractions import Fraction
    import numpy as np
    from livefilter.analysis import Result
    from livefilter.frame import Frame
    from livefilter.kernels import EdgeScore
    from livefilter.sinks import Encoding, VideoSink
    sink = VideoSink(__import__("pathlib").Path(sys.argv[1]), rate=Fraction(25), time_base=Fraction(1, 25),
                     encoding=Encoding(is_fragmented=True, gop=10))
    noise = np.random.default_rng(1)
    for index in range(100_000):
        pixels = noise.integers(0, 256, (48, 64), dtype=np.uint8)
        sink.write(Result.unfiltered(Frame(pixels, index, Fraction(index, 25), 0), EdgeScore(0, 0, 0)))
        print(index, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_recording_that_is_killed_plays_up_to_its_last_seconds(name: str, media: Media) -> None:
    """A fragmented file is good at any moment: after kill -9, all but the newest frames are there, at their times."""
    program = [sys.executable, "-c", textwrap.dedent(RECORD), str(media.folder / name)]
    with running(program, stdout=subprocess.PIPE, text=True) as recording:
        assert recording.stdout is not None
        assert any(int(line) >= 300 for line in recording.stdout)
        recording.send_signal(signal.SIGKILL)
    with open_source(media.folder / f"a.partial{name[1:]}") as opened:
        times = [frame.time_s for frame in opened]
    assert len(times) > 200
    assert [round(float(time_s), 2) for time_s in times] == [round(index / 25, 2) for index in range(len(times))]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_a_fragmented_file_that_is_finished_is_whole(name: str, media: Media) -> None:
    """With sound, at the same times as any other."""
    tone = ("-f", "lavfi", "-i", "sine=d=2:r=48000", "-c:a", "libopus")
    source = media.make("in.mkv", *tone, *X264, seconds=2)
    speed = "8" if name == "a.webm" else None
    summary = media.run(source, name, encoding=Encoding(is_fragmented=True, gop=5, speed=speed))
    assert summary.loss is None
    assert media.times(media.folder / name) == media.times(source)
    assert media.hashes(media.folder / name) == media.hashes(source)


def _program(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(("from livefilter import process, Encoding", *lines))]


@pytest.mark.jit
@pytest.mark.parametrize("container", [None, "mp4", "webm"])
def test_a_video_can_go_to_a_pipe(container: str | None, media: Media) -> None:
    """Matroska, or as asked; who reads it gets every frame, and sound."""
    source = media.make("in.mkv", "-f", "lavfi", "-i", "sine=d=1:r=48000", "-c:a", "libopus", *X264)
    encoding = f"Encoding(container={container!r}, speed={'8' if container == 'webm' else None!r})"
    program = _program(f"process({str(source)!r}, '-', {media.preset!r}, overlay=False, encoding={encoding})")
    with (media.folder / "piped").open("wb") as piped:
        subprocess.run(program, stdout=piped, check=True, timeout=100)
    piped_to = media.folder / "piped"
    names = {None: "matroska", "mp4": "mov", "webm": "matroska"}
    assert names[container] in media.probe(piped_to)["format"]["format_name"]
    assert media.times(piped_to) == media.times(source)
    assert media.hashes(piped_to) == media.hashes(source)


@pytest.mark.jit
def test_a_reader_that_has_enough_of_a_pipe_ends_the_run_quietly(media: Media) -> None:
    """As with `head`: no error, no traceback."""
    source = media.make("in.mkv", *X264, seconds=20, size="320x240")
    program = [sys.executable, "-m", "livefilter", "process", str(source), "-o", "-", "-p", media.preset]
    with running(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        writing.stdout.read(1000)
        writing.stdout.close()
        complaint = writing.stderr.read().decode()
        assert writing.wait(timeout=30) in (0, 130)
    assert "Traceback" not in complaint
    assert "a bug" not in complaint


def test_two_runs_never_write_one_output(media: Media) -> None:
    """The second is refused; the first one ends as if nothing had been."""
    source = media.make("in.mp4", *X264)
    with open_source(source) as opened:
        facts, frames = opened.facts, list(opened)
    first = VideoSink(media.folder / "out.mp4", rate=facts.rate, time_base=facts.time_base)
    if sys.platform != "win32":
        with pytest.raises(SinkError, match="another run is writing it"):
            media.run(source, "out.mp4")
    with first:
        for frame in frames:
            first.write(Result.unfiltered(frame, SCORE))
    assert len(media.times(media.folder / "out.mp4")) == 25
    media.run(source, "out.mp4", overwrite=True)


def test_what_a_killed_run_left_behind_does_not_block_the_next_run(media: Media) -> None:
    """Its lock ended with it, and its file is kept under a number."""
    source = media.make("in.mp4", *X264)
    (media.folder / "out.partial.mp4").write_bytes(b"left behind" * 1000)
    media.run(source, "out.mp4")
    assert sorted(path.name for path in media.folder.iterdir()) == ["in.mp4", "out.mp4", "out.partial.1.mp4"]
    assert (media.folder / "out.partial.1.mp4").read_bytes() == b"left behind" * 1000


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed")
def test_an_output_that_is_removed_under_it_is_an_error(media: Media) -> None:
    """At the end at the latest, and nothing that looks complete is left."""
    source = media.make("in.mp4", *X264)
    with pytest.raises(SinkError, match=r"out\.mp4: .*(cannot be written|cannot be read back|was removed meanwhile)"):
        media.run(source, "out.mp4", progress=lambda _: (media.folder / "out.partial.mp4").unlink(missing_ok=True))
    assert [path.name for path in media.folder.iterdir()] == ["in.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
def test_a_full_disk_says_how_far_it_came_and_leaves_nothing(media: Media) -> None:
    """With sound on its way too."""
    import resource

    source = media.make("in.mp4", "-f", "lavfi", "-i", "sine=d=8", "-c:a", "aac", *X264, seconds=8, size="320x240")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
    try:
        with pytest.raises(SinkError, match=r"out\.mp4: cannot be written: .* \(after \d+ frames\)"):
            media.run(source, "out.mp4", encoding=Encoding(crf=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert [path.name for path in media.folder.iterdir()] == ["in.mp4"]


def test_an_interrupt_keeps_what_was_done_with_its_sound(media: Media) -> None:
    """A playable part, under a name that says so; the sound ends where the pictures do."""
    source = media.make("in.mp4", "-f", "lavfi", "-i", "sine=d=8", "-c:a", "aac", *X264, seconds=8)
    asked = iter(range(1000))
    summary = media.run(source, "out.mp4", should_stop=lambda: next(asked) >= 50)
    assert summary.is_interrupted
    assert summary.outputs == (str(media.folder / "out.partial.mp4"),)
    assert len(media.times(media.folder / "out.partial.mp4")) == 50
    lasts = {
        stream["codec_type"]: float(stream["duration"])
        for stream in media.probe(media.folder / "out.partial.mp4")["streams"]
    }
    assert lasts["audio"] == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    ("name", "encoding", "says"),
    [
        ("out.mp4", Encoding(codec="nonsense"), "nonsense cannot be encoded here; choose one of h264"),
        ("out.mp4", Encoding(codec="aac"), "is no video codec"),
        ("out.webm", Encoding(codec="h264"), "webm cannot hold h264"),
        ("out.mp4", Encoding(codec="h264_v4l2m2m"), "h264_v4l2m2m cannot be opened here"),
        ("out.mp4", Encoding(pix_fmt="rgb24"), "pix_fmt: h264 takes yuv420p"),
        ("out.mp4", Encoding(speed="warp"), "speed|preset=warp"),
        ("out.mp4", Encoding(crf=60), "crf: for h264 it must be from 0 to 51"),
        ("out.mkv", Encoding(codec="ffv1", crf=3), "crf: ffv1 has no such setting"),
        ("out.mkv", Encoding(codec="ffv1", speed="fast"), "speed: ffv1 has no such setting"),
        ("out.mp4", Encoding(container="webm"), "stands for mp4, found webm"),
        ("-", Encoding(container="tape"), "container: must be one of apng, avi"),
    ],
)
def test_what_cannot_be_had_is_refused_at_once(name: str, encoding: Encoding, says: str, media: Media) -> None:
    """By name, with what there is, before anything is written."""
    source = media.make("in.mp4", *X264, "-frames:v", 2)
    target = name if name == "-" else str(media.folder / name)
    from livefilter.pipeline import process

    with pytest.raises(OptionError, match=says):
        process(source, target, media.preset, encoding=encoding)
    assert [path.name for path in media.folder.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("codec", ["h264_nvenc", "h264_qsv", "h264_amf", "hevc_videotoolbox", "h264_vaapi"])
def test_hardware_is_tried_and_refused_clearly_where_it_is_absent(codec: str, tmp_path: Path) -> None:
    """Either it encodes, or one line says what is missing."""
    options: dict[str, Any] = {"rate": Fraction(25), "time_base": Fraction(1, 25), "encoding": Encoding(codec=codec)}
    is_there = False
    with contextlib.suppress(OptionError), VideoSink(tmp_path / "a.mp4", **options) as sink:
        sink.write(Result.unfiltered(Frame(np.zeros((240, 320), np.uint8), 0, Fraction(0), 0), SCORE))
        is_there = True
    assert is_there == (tmp_path / "a.mp4").exists()
    if not is_there:
        with pytest.raises(OptionError, match=f"codec: {codec} cannot be (opened|encoded) here"):
            VideoSink(tmp_path / "a.mp4", **options)
        assert not list(tmp_path.iterdir())


def test_groups_of_pictures_are_no_longer_than_asked(media: Media) -> None:
    """A key frame at least every so many frames."""
    source = media.make("in.mp4", *X264, seconds=2)
    media.run(source, "out.mp4", encoding=Encoding(gop=7))
    packets = media.probe(media.folder / "out.mp4", "-select_streams", "v", "-show_packets")["packets"]
    keys = [index for index, packet in enumerate(packets) if packet["flags"].startswith("K")]
    assert max(after - before for before, after in pairwise(keys)) <= 7


def test_the_index_comes_first_and_rates_and_sizes_are_as_they_were(media: Media) -> None:
    """A finished MP4 plays while it is being loaded."""
    source = media.make("in.mp4", *X264)
    media.run(source, "out.mp4")
    content = (media.folder / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_writing_takes_a_thread_of_its_own_and_errors_come_back_from_it(media: Media) -> None:
    """What breaks there is raised here, and the run ends soon, not after the whole input."""
    source = media.make("in.mp4", *X264, seconds=20)

    calls: list[object] = []

    def block(progress: object) -> None:
        """Make every further name in the folder one that cannot be written."""
        calls.append(progress)
        for index in range(10, 500):
            (media.folder / "out" / f"{index:04d}.png").mkdir(exist_ok=True)

    (media.folder / "out").mkdir()
    with pytest.raises(SinkError):
        media.run(source, "out/%04d.png", progress=block)
    assert len(calls) < 100
