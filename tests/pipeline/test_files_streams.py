"""Streams: what a file holds besides its pictures is copied bit by bit, in sync, or its loss is agreed to by name."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from livefilter.errors import OptionError, SourceError
from livefilter.sinks import Encoding
from livefilter.sources import Trim, open_source, parse_time
from tests.pipeline.conftest import Media
from tests.sources.test_video_changes import captioned, noisy_part

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
SUBTITLES = "1\n00:00:00,200 --> 00:00:00,600\nHello\n\n2\n00:00:00,700 --> 00:00:00,900\nWorld\n"
CHAPTERS = """;FFMETADATA1
title=A film
artist=Somebody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=400
title=One
[CHAPTER]
TIMEBASE=1/1000
START=400
END=1000
title=Two
"""


def rich(media: Media, name: str) -> Path:
    """A file with two sounds, subtitles, chapters, metadata, and in Matroska an attachment."""
    (media.folder / "subs.srt").write_text(SUBTITLES)
    (media.folder / "meta.txt").write_text(CHAPTERS)
    (media.folder / "a.ttf").write_bytes(b"a font")
    is_mp4 = name.endswith(".mp4")
    tones = ("-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "sine=880:d=1:r=48000")
    attached = () if is_mp4 else ("-attach", "a.ttf", "-metadata:s:t", "mimetype=font/ttf")
    return media.make(
        name,
        *(*tones, "-i", "subs.srt", "-i", "meta.txt"),
        *("-map", 0, "-map", 1, "-map", 2, "-map", 3, "-map_metadata", 4, "-map_chapters", 4, *X264),
        *("-c:a:0", "aac", "-c:a:1", "ac3", "-c:s", "mov_text" if is_mp4 else "srt"),
        *("-metadata:s:a:1", "language=deu", "-metadata:s:s:0", "language=fra", *attached),
    )


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_everything_else_is_copied_bit_by_bit(ending: str, media: Media) -> None:
    """Hashes and times of sound and subtitles, languages, chapters and metadata are those of the input."""
    source, target = rich(media, f"in{ending}"), media.folder / f"out{ending}"
    summary = media.run(source, target.name)
    assert summary.loss is None
    assert media.hashes(target) == media.hashes(source)
    assert len(media.hashes(target)) == 3
    before, after = media.probe(source), media.probe(target)
    assert [stream.get("codec_name") for stream in after["streams"]] == [
        stream.get("codec_name") for stream in before["streams"]
    ]
    for old, new in zip(before["streams"], after["streams"], strict=True):
        assert new.get("tags", {}).get("language") == old.get("tags", {}).get("language")
    assert [(c["start_time"], c["end_time"], c["tags"]) for c in after["chapters"]] == [
        (c["start_time"], c["end_time"], c["tags"]) for c in before["chapters"]
    ]
    tags = {key.lower(): value for key, value in after["format"]["tags"].items()}
    assert (tags["title"], tags["artist"]) == ("A film", "Somebody")
    for kind in ("a:0", "a:1", "s:0"):
        entries = ("-select_streams", kind, "-show_entries", "packet=pts_time")
        assert media.probe(target, *entries) == media.probe(source, *entries)


@pytest.mark.parametrize(
    ("made", "codec", "target"),
    [
        ("in.mkv", "libopus", "out.mkv"),
        ("in.webm", "libopus", "out.webm"),
        ("in.mkv", "flac", "out.mkv"),
        ("in.mov", "pcm_s16le", "out.mov"),
        ("in.mp4", "libmp3lame", "out.mkv"),
        ("in.ts", "aac", "out.mp4"),
        ("in.avi", "libmp3lame", "out.mkv"),
    ],
)
def test_sound_of_any_codec_is_copied(made: str, codec: str, target: str, media: Media) -> None:
    """Also into another container, where that can hold it, and in sync."""
    picture: tuple[str, ...] = ("-c:v", "libvpx-vp9", "-deadline", "realtime") if made.endswith("webm") else X264
    picture = ("-c:v", "mjpeg") if made.endswith("avi") else picture
    source = media.make(made, "-f", "lavfi", "-i", "sine=d=1:r=48000", "-c:a", codec, *picture)
    options = {"encoding": Encoding(speed="8")} if target.endswith("webm") else {}
    summary = media.run(source, target, **options)
    assert summary.loss is None
    lag = [starts(media, path) for path in (source, media.folder / target)]
    assert lag[0] == pytest.approx(lag[1], abs=0.0015)
    if not made.endswith(".ts"):  # There, every packet of AAC has a header of its own, which MP4 has once.
        assert media.hashes(media.folder / target) == media.hashes(source)


def starts(media: Media, path: Path) -> float:
    """How much later than the picture the sound begins."""
    first = [
        media.probe(path, "-select_streams", kind, "-show_entries", "packet=pts_time")["packets"][0]["pts_time"]
        for kind in ("a", "v")
    ]
    return float(first[0]) - float(first[1])


def test_what_a_container_cannot_hold_is_refused_by_name(media: Media) -> None:
    """Before any work, and nothing is left."""
    source = rich(media, "in.mkv")
    with pytest.raises(OptionError, match=r"mp4 cannot hold subtitle stream 3 .*fra\), attachment stream 4 \(a\.ttf\)"):
        media.run(source, "out.mp4")
    with pytest.raises(OptionError, match=r"webm cannot hold audio stream 1 \(aac\), .* \(ac3, deu\), .*a\.ttf\) of"):
        media.run(source, "out.webm")
    assert not list(media.folder.glob("out*"))


def test_what_may_be_dropped_is_dropped_and_named(media: Media) -> None:
    """The rest is copied."""
    summary = media.run(rich(media, "in.mkv"), "out.mp4", drop_unsupported=True)
    assert any("subtitle stream 3" in note and "left out" in note for note in summary.notes)
    assert media.hashes(media.folder / "out.mp4") == media.hashes(media.folder / "in.mkv")[:2]


def test_sound_can_be_encoded_again(media: Media) -> None:
    """In step with the pictures, and as long as it was."""
    source = media.make("in.mp4", "-f", "lavfi", "-i", "sine=d=1:r=44100", "-c:a", "aac", *X264)
    media.run(source, "out.webm", encoding=Encoding(audio_codec="opus", speed="8"))
    streams = {stream["codec_type"]: stream for stream in media.probe(media.folder / "out.webm")["streams"]}
    assert streams["audio"]["codec_name"] == "opus"
    decoded = media.ffmpeg("-i", "out.webm", "-map", "0:a", "-f", "framemd5", "-").splitlines()
    samples = sum(int(line.split(",")[3]) for line in decoded if not line.startswith("#"))
    assert samples / 48000 == pytest.approx(1, abs=0.05)
    assert abs(starts(media, media.folder / "out.webm")) < 0.03


@pytest.mark.parametrize("codec", ["nonsense", "h264"])
def test_sound_that_cannot_be_encoded_is_refused(codec: str, media: Media) -> None:
    """By name, and nothing is left."""
    source = media.make("in.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", *X264)
    with pytest.raises(OptionError, match="audio_codec: "):
        media.run(source, "out.mp4", encoding=Encoding(audio_codec=codec))
    assert not list(media.folder.glob("out*"))


def test_sound_can_be_left_out(media: Media) -> None:
    """Subtitles stay."""
    media.run(rich(media, "in.mp4"), "out.mp4", audio=False)
    kinds = [stream["codec_type"] for stream in media.probe(media.folder / "out.mp4")["streams"]]
    assert "audio" not in kinds
    assert "subtitle" in kinds


def test_the_cover_is_copied_and_another_video_is_not(media: Media) -> None:
    """A second video would be unfiltered, so it is left out; a cover is copied, unless unwanted. Notes name both."""
    media.make("cover.png", "-frames:v", 1)
    picture, other = media.make("a.mkv", *X264), media.make("b.mkv", *X264, rate=5)
    media.ffmpeg(
        "-i",
        picture,
        "-i",
        "cover.png",
        "-map",
        0,
        "-map",
        1,
        "-c",
        "copy",
        "-disposition:v:1",
        "attached_pic",
        "in.mp4",
    )
    summary = media.run(media.folder / "in.mp4", "out.mp4")
    covers = [
        stream for stream in media.probe(media.folder / "out.mp4")["streams"] if stream["disposition"]["attached_pic"]
    ]
    assert [cover["codec_name"] for cover in covers] == ["png"]
    (note,) = summary.notes
    assert note.endswith(
        "video stream 1 (png) is a cover, which is copied as it is, not filtered; --no-cover leaves it out"
    )
    for name in ("first.mkv", "second.mkv"):  # From MP4, and from Matroska.
        media.run(media.folder / ("in.mp4" if name == "first.mkv" else "first.mkv"), name)
        media.ffmpeg("-i", name, "-map", "0:v:1", "-c", "copy", "-update", 1, "-f", "image2", "found.png")
        assert (media.folder / "found.png").read_bytes() == (media.folder / "cover.png").read_bytes()
    for name, source in (
        ("none.mp4", "in.mp4"),
        ("none.mkv", "in.mp4"),
        ("bare.mp4", "first.mkv"),
        ("bare.webm", "in.mp4"),
    ):
        assert media.run(media.folder / source, name, cover=False).notes == ()
        assert [stream["codec_type"] for stream in media.probe(media.folder / name)["streams"]] == ["video"]
    with pytest.raises(OptionError, match=r"cannot hold video stream 1 \(png\) of .*; give --no-cover or --drop-unsup"):
        media.run(media.folder / "in.mp4", "refused.webm")
    media.ffmpeg("-i", picture, "-i", other, "-map", 0, "-map", 1, "-c", "copy", "two.mkv")
    summary = media.run(media.folder / "two.mkv", "one.mkv")
    assert any("video stream 1 (h264) is another video" in note for note in summary.notes)


def test_the_preset_and_the_version_are_noted(media: Media) -> None:
    """Name, hash and version, where each container keeps such a thing; a comment that was there stays."""
    source = media.make("in.mp4", *X264, "-metadata", "comment=By hand")
    for name in ("out.mp4", "out.mkv", "out.mov"):
        media.run(source, name)
        tags = {key.lower(): value for key, value in media.probe(media.folder / name)["format"]["tags"].items()}
        assert any(text.endswith(", hash 92aeefc8df261cc1") for text in tags.values())
        assert any("livefilter 0.1.0, preset negative" in text for text in tags.values())
        assert "By hand" in tags["comment"]


def test_metadata_of_any_name_are_kept(media: Media) -> None:
    """Also those that only phones and other programs know: MP4 and MOV have a place for such names."""
    own = ("title=A film", "com.apple.quicktime.make=Somebody", "custom=of my own")
    given = [argument for tag in own for argument in ("-metadata", tag)]
    source = media.make("in.mov", *X264, "-movflags", "use_metadata_tags", *given)
    for name in ("out.mov", "out.mp4", "out.mkv"):
        assert media.run(source, name).notes == ()
        tags = {key.lower(): value for key, value in media.probe(media.folder / name)["format"]["tags"].items()}
        assert [f"{key}={tags.get(key)}" for key in (tag.split("=")[0] for tag in own)] == list(own)
        assert any("preset negative" in text for text in tags.values())


def test_metadata_and_chapters_that_a_container_has_no_place_for_are_named(media: Media) -> None:
    """AVI knows a few names, and no chapters; MP4's usual places, which all players know, are for a few names, too."""
    (media.folder / "meta.txt").write_text(CHAPTERS)
    source = media.make("in.mkv", "-i", "meta.txt", "-map_metadata", 1, *X264, "-metadata", "custom=of my own")
    (note,) = media.run(source, "out.avi").notes
    assert note.endswith("out.avi: metadata (CUSTOM) and chapters are left out, which avi cannot hold")
    (note,) = media.run(source, "out.mp4").notes
    assert note.endswith("out.mp4: metadata (CUSTOM) are left out, which mp4 cannot hold")
    assert media.probe(media.folder / "out.mp4")["format"]["tags"]["title"] == "A film"


def test_the_software_that_wrote_an_avi_is_no_loss_but_a_user_comment_is(media: Media) -> None:
    """AVI calls its encoder so, which another file has of its own; elsewhere a user may have written it."""
    assert media.run(media.make("in.avi", *X264), "out.mp4").notes == ()
    noted = media.make("in.mkv", *X264, "-metadata", "software=mine")
    assert media.run(noted, "out.mkv").notes == ()
    assert media.probe(media.folder / "out.mkv")["format"]["tags"]["SOFTWARE"] == "mine"
    (note,) = media.run(noted, "again.mp4").notes
    assert note.endswith("metadata (SOFTWARE) are left out, which mp4 cannot hold")


def test_a_timecode_is_kept_and_not_said_to_be_left_out(media: Media) -> None:
    """A MOV has a stream for it, which the muxer makes out of what the video's own metadata say."""
    source = media.make("in.mov", *X264, "-timecode", "01:02:03:04")
    assert media.run(source, "out.mov").notes == ()
    found = {
        stream["codec_type"]: stream["tags"]["timecode"] for stream in media.probe(media.folder / "out.mov")["streams"]
    }
    assert found == {"video": "01:02:03:04", "data": "01:02:03:04"}


@pytest.mark.parametrize(("made", "codec"), [("in.avi", "ac3"), ("in.avi", "libmp3lame"), ("in.mkv", "ac3")])
def test_sound_goes_into_an_avi_in_step(made: str, codec: str, media: Media) -> None:
    """Every packet of it, at its own time, though an AVI has no times: it counts."""
    sound = ("-f", "lavfi", "-i", "sine=d=2:r=44100", "-c:a", codec)
    source, target = media.make(made, *sound, "-c:v", "mpeg4", seconds=2), media.folder / "out.avi"
    assert media.run(source, target.name).loss is None
    assert media.hashes(target) == media.hashes(source)
    entries = ("-select_streams", "a", "-show_entries", "packet=pts_time")
    before, after = (
        [float(one["pts_time"]) for one in media.probe(path, *entries)["packets"]] for path in (source, target)
    )
    assert after == pytest.approx(before, abs=0.02)
    (stream,) = (one for one in media.probe(target)["streams"] if one["codec_type"] == "audio")
    assert float(stream["duration"]) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("trim", [Trim(start=parse_time("1")), None])
def test_an_avi_begins_at_zero_with_all_its_streams(trim: Trim | None, media: Media) -> None:
    """It has no way to say that they begin later: of a part, of a stream that begins late, or before an edit."""
    sound = ("-f", "lavfi", "-i", "sine=d=3:r=44100", "-c:a", "aac")
    source = media.make("in.mkv", *sound, *X264, seconds=3)
    if trim is None:
        media.ffmpeg("-ss", 1, "-i", source, "-c", "copy", "-output_ts_offset", 5, "late.mkv")
        source = media.folder / "late.mkv"
    summary = media.run(source, "out.avi", trim=trim, encoding=Encoding(audio_codec="mp3"))
    assert any("begins at 0: all times are -" in note for note in summary.notes)
    times = media.times(media.folder / "out.avi")
    assert times[:3] == [0, Fraction(1, 25), Fraction(2, 25)]
    assert abs(starts(media, media.folder / "out.avi")) < 0.03


def test_a_source_that_is_gone_when_its_sound_is_copied_is_an_error(media: Media) -> None:
    """It is opened twice, and may be removed in between."""
    source = media.make("in.mp4", *X264)
    with open_source(source) as opened:
        source.unlink()
        with pytest.raises(SourceError, match=r"in\.mp4: cannot be opened again, for its sound: No such file"):
            media.run(opened, "out.mp4")  # type: ignore[arg-type]


@pytest.mark.parametrize("is_ended", [True, False])
def test_sound_that_begins_too_late_to_be_copied_is_a_loss(is_ended: bool, media: Media) -> None:
    """FFmpeg finds it at the end of the file, or while it reads; the rest is processed."""
    pieces = [(1, 2, 0), (2, 1, 2), (1, 1, 3)][: 3 if is_ended else 2]  # Sounds, seconds, start.
    parts = [noisy_part(media.folder / f"{piece[2]}.ts", *piece) for piece in pieces]
    source = media.folder / "in.ts"
    source.write_bytes(b"".join(parts))
    summary = media.run(source, "out.mp4")
    assert summary.frames == (100 if is_ended else 75)
    assert summary.loss is not None
    assert ("audio stream 2 appears midway" if is_ended else "begins too late to be copied") in summary.loss
    assert [stream["codec_type"] for stream in media.probe(media.folder / "out.mp4")["streams"]] == ["video", "audio"]


@pytest.mark.parametrize(("target", "codec"), [("out.mp4", "h264"), ("out.mkv", "hevc"), ("out.mkv", "ffv1")])
def test_captions_are_kept_where_the_encoder_writes_them(target: str, codec: str, media: Media) -> None:
    """They are data of the frames, not a stream. Elsewhere a note says that they are left out."""
    source = captioned(media.folder / "in.m2v", 20, range(5, 12))
    summary = media.run(source, target, encoding=Encoding(codec=codec))
    with av.open(str(media.folder / target)) as container:
        sides = [frame.side_data.get("A53_CC") for frame in container.decode(video=0)]
    kept = [index for index, captions in enumerate(sides) if captions is not None]
    assert kept == ([] if codec == "ffv1" else list(range(5, 12)))
    assert any("captions are left out" in note for note in summary.notes) == (codec == "ffv1")
    plain = media.run(captioned(media.folder / "plain.m2v", 20, range(0)), "plain.mkv", encoding=Encoding(codec=codec))
    assert plain.notes == tuple(note for note in plain.notes if "captions" not in note)
