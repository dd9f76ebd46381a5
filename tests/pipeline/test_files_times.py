"""Time: every output frame has its input frame's timestamp exactly, whatever the file's clock is like."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from livefilter.sources import Trim, open_source, parse_time
from tests.pipeline.conftest import Media

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
WITH_B = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3")
VFR = "setpts='(N+floor(N/3)*2+0.25*mod(N,5))/(25*TB)'"


def test_a_rate_that_varies_is_kept(media: Media) -> None:
    """Gaps and jitter come back as they went in."""
    source = media.make("in.mp4", "-vf", VFR, "-fps_mode", "vfr", *WITH_B)
    media.run(source, "out.mp4")
    times = media.times(source)
    assert len({after - before for before, after in pairwise(times)}) > 2
    assert media.times(media.folder / "out.mp4") == times


@pytest.mark.parametrize("rate", ["30000/1001", "24000/1001", "50", "25/3", "10"])
def test_rates_are_fractions(rate: str, media: Media) -> None:
    """29.97 is 30000/1001, in the times and in what the file says of itself."""
    source = media.make("in.mp4", *WITH_B, rate=rate)
    media.run(source, "out.mp4")
    assert media.times(media.folder / "out.mp4") == media.times(source)
    assert Fraction(media.video(media.folder / "out.mp4")["avg_frame_rate"]) == Fraction(rate)


@pytest.mark.parametrize(("made", "target"), [("in.mp4", "out.mp4"), ("in.mkv", "out.mkv"), ("in.ts", "out.mp4")])
def test_a_start_that_is_not_zero_is_kept(made: str, target: str, media: Media) -> None:
    """MPEG-TS begins at 1.4 s of itself."""
    source = media.make(made, "-output_ts_offset", 3.2, *WITH_B)
    assert media.times(source)[0] > 3
    assert media.run(source, target).loss is None
    assert media.times(media.folder / target) == media.times(source)


def test_matroska_begins_at_zero_also_with_sound_that_begins_before(media: Media) -> None:
    """AAC begins 23 ms early, and FFmpeg would move the pictures for it."""
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
    source = media.make("in.mp4", *sound, *WITH_B)
    media.run(source, "out.mkv")
    assert media.times(media.folder / "out.mkv")[:3] == [0, Fraction(1, 25), Fraction(2, 25)]


def test_an_edit_list_hides_what_it_hides_and_shifts_nothing(media: Media) -> None:
    """A clip that was cut without encoding begins between two key frames."""
    whole = media.make("whole.mp4", *WITH_B, "-g", 25, seconds=3)
    media.ffmpeg("-ss", 1.48, "-i", whole, "-c", "copy", "in.mp4")
    source = media.folder / "in.mp4"
    summary = media.run(source, "out.mp4")
    assert summary.loss is None
    assert media.times(media.folder / "out.mp4") == media.times(source)


def test_times_that_a_container_cannot_keep_are_named(media: Media) -> None:
    """Matroska counts milliseconds; a note says so, and nothing is off by more than half of one."""
    source = media.make("in.mp4", *X264, rate="30000/1001")
    summary = media.run(source, "out.mkv")
    assert any("29 frame times are rounded to 1/1000 s" in note for note in summary.notes)
    pairs = zip(media.times(media.folder / "out.mkv"), media.times(source), strict=True)
    assert all(abs(ours - theirs) <= Fraction(1, 2000) for ours, theirs in pairs)


@pytest.mark.parametrize(
    ("trim", "kept"),
    [
        (Trim(start=parse_time("0.4")), range(10, 50)),
        (Trim(start=parse_time("0.39")), range(10, 50)),
        (Trim(end=parse_time("0.4")), range(10)),
        (Trim(start=parse_time("10f"), end=parse_time("20f")), range(10, 20)),
        (Trim(start=parse_time("00:00:01"), duration=parse_time("5f")), range(25, 30)),
        (Trim(duration=parse_time("0.2")), range(5)),
        (Trim(start=parse_time("0.2"), end=parse_time("1.2"), stride=10), [5, 15, 25]),
        (Trim(start=parse_time("0.4"), end=parse_time("14f")), range(10, 14)),
        (Trim(stride=7), range(0, 50, 7)),
    ],
)
def test_frames_that_are_kept_keep_their_times(trim: Trim, kept: range, media: Media) -> None:
    """A start is at or after, an end is before; what is left out leaves a gap and moves nothing."""
    source = media.make("in.mp4", *WITH_B, seconds=2)
    expected: list[int | None] = []
    summary = media.run(source, "out.mp4", trim=trim, progress=lambda done: expected.append(done.expected))
    assert media.times(media.folder / "out.mp4") == [Fraction(index, 25) for index in kept]
    assert summary.frames == expected[-1] == len(kept)
    assert summary.loss is None


@pytest.mark.parametrize("made", ["in.mp4", "in.mkv", "in.ts", "in.avi"])
def test_a_start_far_in_gives_the_same_frames_as_reading_all(made: str, media: Media) -> None:
    """Whether it is reached by a seek or by decoding, open groups of pictures included."""
    codec = (
        ("-c:v", "mpeg4", "-bf", 2, "-g", 30)
        if made.endswith("avi")
        else (*WITH_B, "-x264-params", "open-gop=1", "-g", 30)
    )
    source = media.make(made, *codec, seconds=12, rate=10)
    with open_source(source) as opened:
        whole = [frame for frame in opened if frame.time_s >= Fraction("8.31")]
    with open_source(source) as opened:
        opened.seek(Fraction("8.31"))
        sought = [frame for frame in opened if frame.time_s >= Fraction("8.31")]
    assert [frame.time_s for frame in sought] == [frame.time_s for frame in whole]
    assert all((ours.pixels == theirs.pixels).all() for ours, theirs in zip(sought, whole, strict=True))


def test_a_late_start_is_exact_to_the_tick(media: Media) -> None:
    """MP4 notes when a stream begins by a clock of its own, which must be as fine as theirs."""
    source = media.make("in.mp4", *WITH_B, rate="30000/1001")
    media.run(source, "out.mp4", trim=Trim(start=parse_time("17f")))
    assert media.times(media.folder / "out.mp4")[0] == 17 * Fraction(1001, 30000)


def test_a_seek_reads_less_than_all(media: Media) -> None:
    """From a key frame on, where there is an index."""
    source = media.make("in.mp4", *WITH_B, "-g", 10, seconds=12, rate=10)
    with open_source(source) as opened:
        opened.seek(Fraction(10))
        first = next(iter(opened))
    assert 7 <= first.time_s <= 10


def test_sound_is_trimmed_to_match(media: Media) -> None:
    """It begins and ends with the pictures, at its own times."""
    sound = ("-f", "lavfi", "-i", "sine=d=4", "-c:a", "aac")
    source = media.make("in.mp4", *sound, *X264, seconds=4)
    media.run(source, "out.mp4", trim=Trim(start=parse_time("2.5"), duration=parse_time("1")))
    packets = media.probe(media.folder / "out.mp4", "-select_streams", "a", "-show_packets")["packets"]
    first, last = float(packets[0]["pts_time"]), float(packets[-1]["pts_time"]) + float(packets[-1]["duration_time"])
    frame_s = 1024 / 44100
    assert 2.5 - frame_s < first <= 2.5
    assert 3.5 <= last < 3.5 + frame_s
    whole = media.probe(source, "-select_streams", "a", "-show_packets")["packets"]
    assert packets[1]["pts_time"] in {packet["pts_time"] for packet in whole}


def test_an_avi_without_times_gives_those_of_its_order(media: Media) -> None:
    """What FFmpeg makes of times where frames are decoded from later ones goes back and forth; each is one apart."""
    source = media.make("in.avi", *WITH_B, "-bsf:v", "h264_mp4toannexb")
    assert media.run(source, "out.mp4").notes == ()
    times = media.times(media.folder / "out.mp4")
    assert {after - before for before, after in pairwise(times)} == {Fraction(1, 25)}


@pytest.mark.parametrize("offset", [0, 20, 5000, 25_500])
def test_times_that_jump_go_on_without_a_gap_and_so_does_the_sound(offset: int, media: Media) -> None:
    """Recordings that were joined: the next frame follows the last, and sound stays in step. A loss says where."""
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "mp2")
    one = media.make("one.ts", *sound, *X264)
    other = media.make("other.ts", *sound, *X264, "-output_ts_offset", offset)
    source = media.folder / "two.ts"
    source.write_bytes(one.read_bytes() + other.read_bytes() + one.read_bytes())
    summary = media.run(source, "out.mp4")
    assert summary.frames == 75
    assert summary.loss is not None
    assert "timestamps jump at frames 25, 50; livefilter goes on there without a gap" in summary.loss
    times = media.times(media.folder / "out.mp4")
    assert {after - before for before, after in pairwise(times)} == {Fraction(1, 25)}
    heard = media.probe(media.folder / "out.mp4", "-select_streams", "a", "-show_packets")["packets"]
    stamps = [float(packet["pts_time"]) for packet in heard]
    assert len(stamps) > 100
    assert max(abs(after - before - 1152 / 44100) for before, after in pairwise(stamps)) < 0.06
    assert stamps[0] == pytest.approx(float(times[0]), abs=0.1)
    assert stamps[-1] == pytest.approx(float(times[-1]), abs=0.1)


@pytest.mark.parametrize("target", ["out.gif", "out.apng", "out.mp4", "out.mkv", "out.mov"])
def test_the_last_frame_is_shown_for_as_long(target: str, media: Media) -> None:
    """Its time tells when it begins, not when it ends: many a GIF stops there for a while."""
    source = media.make("in.gif", "-final_delay", 250)
    media.run(source, target)
    if target == "out.apng":  # It declares no duration.
        last = media.probe(media.folder / target, "-show_packets")["packets"][-1]
        assert float(last["pts_time"]) + float(last["duration_time"]) == pytest.approx(0.96 + 2.5, abs=0.001)
    else:
        assert float(media.probe(media.folder / target)["format"]["duration"]) == pytest.approx(0.96 + 2.5, abs=0.001)


def test_bare_jpeg_pictures_one_after_the_other_are_a_video(media: Media) -> None:
    """As cameras write them, known by the ending: FFmpeg may take them for a single picture."""
    summary = media.run(media.make("in.mjpeg", "-c:v", "mjpeg", size="160x120"), "out.mp4")
    assert (summary.frames, summary.loss) == (25, None)
    assert media.times(media.folder / "out.mp4") == [Fraction(index, 25) for index in range(25)]


@pytest.mark.parametrize("plays", [0, 1, 3])
@pytest.mark.parametrize(("made", "target"), [("gif", "gif"), ("gif", "apng"), ("apng", "gif"), ("apng", "apng")])
def test_an_animation_plays_as_often_as_before(made: str, target: str, plays: int, media: Media) -> None:
    """GIF counts repetitions, APNG how often it plays; 0 is for ever in both."""
    loop = ("-loop", plays - 1 if plays > 1 else -plays) if made == "gif" else ("-plays", plays)
    media.run(media.make(f"in.{made}", *loop, seconds=0.2), f"out.{target}")
    content = (media.folder / f"out.{target}").read_bytes()
    if target == "apng":
        assert int.from_bytes(content[content.index(b"acTL") + 8 :][:4], "big") == plays
    elif plays == 1:
        assert b"NETSCAPE" not in content
    else:
        assert int.from_bytes(content[content.index(b"NETSCAPE2.0") + 13 :][:2], "little") == max(0, plays - 1)


@pytest.mark.parametrize(
    ("target", "longest_s"), [("out.gif", 655.35), ("out.avi", 2400), ("out.mp4", 25_200), ("out.mkv", 25_200)]
)
def test_a_gap_that_a_container_cannot_hold_is_cut_and_a_loss(target: str, longest_s: float, media: Media) -> None:
    """Sound and pictures stay together: what follows begins earlier by as much."""
    source = media.make("in.mkv", "-vf", "setpts='PTS+if(gte(N,5),25200/TB,0)'", "-fps_mode", "vfr", *X264, seconds=0.4)
    summary = media.run(source, target)
    times = media.times(media.folder / target)
    gap_s = float(max(after - before for before, after in pairwise(times)))
    assert gap_s == pytest.approx(min(longest_s, 25_200.04), abs=0.1)
    assert summary.frames == 10
    if longest_s < 25_200:
        assert summary.loss is not None
        assert "the gap before 25200.2" in summary.loss
        assert f"a frame can last no more than {longest_s:g} s there" in summary.loss
    else:
        assert summary.loss is None
