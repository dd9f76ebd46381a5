"""Damage: what can be decoded is, past what cannot; the loss is reported, and never taken for success."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from livefilter.errors import SourceError
from livefilter.sinks import Encoding
from tests.pipeline.conftest import Media

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10")


def holed(path: Path, share: float, seed: int = 1) -> None:
    """Overwrite a share of a file's bytes, in runs, past its head."""
    content = bytearray(path.read_bytes())
    generator = np.random.default_rng(seed)
    for _ in range(max(1, int(len(content) * share / 64))):
        at = int(generator.integers(2000, len(content) - 64))
        content[at : at + 64] = generator.bytes(64)
    path.write_bytes(content)


def counted(loss: str | None) -> list[int]:
    """The numbers in a text."""
    return [int(number) for number in re.findall(r"\b\d+\b", (loss or "").rsplit(": ", 1)[-1])]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_an_mp4_with_its_index_first_is_read_up_to_its_cut(share: float, media: Media) -> None:
    """So many of so many frames, by what the index promised; the output holds what was there, and plays."""
    source = media.make("in.mp4", *X264, "-movflags", "+faststart", seconds=4)
    content = source.read_bytes()
    source.write_bytes(content[: int(len(content) * share)])
    summary = media.run(source, "out.mp4")
    assert summary.loss is not None
    assert f"only {summary.frames} of 100 frames" in summary.loss
    assert 100 * share * 0.5 < summary.frames < 100
    assert len(media.times(media.folder / "out.mp4")) == summary.frames


def test_an_mp4_without_its_index_is_refused(media: Media) -> None:
    """Nothing of it can be decoded, and nothing is written."""
    source = media.make("in.mp4", *X264)
    source.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(SourceError, match="is not a video, or is damaged"):
        media.run(source, "out.mp4")
    assert not list(media.folder.glob("out*"))


@pytest.mark.parametrize("seed", range(4))
def test_a_transport_stream_with_errors_is_read_to_its_end(seed: int, media: Media) -> None:
    """Packets are passed over and counted; what follows them is there, at its own time."""
    source = media.make("in.ts", *X264, "-f", "mpegts", seconds=4)
    whole = media.times(source)
    holed(source, 0.01, seed)
    summary = media.run(source, "out.mp4")
    assert summary.loss is not None
    assert summary.frames > 50
    last = media.times(media.folder / "out.mp4")[-1]
    assert last > whole[-1] - 1


def test_damaged_sound_costs_no_picture(media: Media) -> None:
    """Every frame comes out; the sound is copied as it is."""
    source = media.make("in.mkv", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", *X264, seconds=2)
    packets = media.probe(source, "-select_streams", "a", "-show_packets")["packets"]
    content = bytearray(source.read_bytes())
    for packet in packets[20:30]:
        at = int(packet["pos"]) + 8
        content[at : at + 40] = bytes(40)
    source.write_bytes(content)
    summary = media.run(source, "out.mkv")
    assert summary.frames == 50
    assert media.hashes(media.folder / "out.mkv") == media.hashes(source)
    media.run(source, "again.mkv", encoding=Encoding(audio_codec="opus"))
    assert len(media.times(media.folder / "again.mkv")) == 50


def test_packets_of_sound_that_no_container_takes_are_left_out_and_named(media: Media) -> None:
    """Their headers are broken; the pictures and the rest of the sound are written."""
    source = media.make("in.ts", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", *X264, "-f", "mpegts", seconds=2)
    packets = media.probe(source, "-select_streams", "a", "-show_packets")["packets"]
    content = bytearray(source.read_bytes())
    starts = [at for at in range(0, len(content), 188) if content[at + 1] & 0x40 and content[at + 2] == 1]
    for at in starts[len(starts) // 2 : len(starts) // 2 + 2]:  # Where a packet of sound begins, after its own head.
        head = content.index(b"\xff\xf1", at)
        content[head : head + 7] = b"\xff\xf1\xff\xff\xff\xff\xff"
    source.write_bytes(content)
    summary = media.run(source, "out.mp4")
    assert summary.frames == 50
    kept = media.probe(media.folder / "out.mp4", "-select_streams", "a", "-show_packets")["packets"]
    assert len(packets) // 2 < len(kept)
    assert (summary.loss is None) == (len(kept) >= len(packets))


def test_a_file_that_ends_in_the_middle_of_its_sound_is_a_loss(media: Media) -> None:
    """Cut off, Matroska says how long it was meant to be."""
    source = media.make("in.mkv", "-f", "lavfi", "-i", "sine=d=4", "-c:a", "aac", *X264, seconds=4)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    summary = media.run(source, "out.mkv")
    assert summary.loss is not None
    assert "of 4.0 s; the file is cut off" in summary.loss
    assert 0 < summary.frames < 100


def test_one_frame_is_a_video(media: Media) -> None:
    """With its time, in every container."""
    source = media.make("in.mp4", *X264, "-frames:v", 1)
    for name in ("out.mp4", "out.mkv", "out.gif", "out.avi"):
        assert media.run(source, name).frames == 1
        assert media.run(media.folder / name, f"again-{name}.mp4").frames == 1


def test_no_frames_are_no_video(media: Media) -> None:
    """A file that has a video stream and nothing in it is refused in plain words."""
    media.make("whole.mp4", *X264)
    media.ffmpeg("-i", "whole.mp4", "-c", "copy", "-frames:v", 0, "-f", "matroska", "in.mkv")
    with pytest.raises(SourceError, match=r"has no frame|is not a video|has no video"):
        media.run(media.folder / "in.mkv", "out.mp4")


def test_a_recording_that_begins_between_key_frames_is_read_from_the_first_one(media: Media) -> None:
    """Frames that need what was never recorded cannot be decoded: they are missing, and the loss says so."""
    whole = media.make("whole.ts", *X264, "-f", "mpegts", seconds=4)
    content = whole.read_bytes()
    source = media.folder / "in.ts"
    source.write_bytes(content[len(content) // 3 // 188 * 188 :])
    summary = media.run(source, "out.mp4")
    assert 30 < summary.frames < 80
    assert summary.loss is not None
    decoded, sent = counted(summary.loss)
    assert (decoded, sent > decoded) == (summary.frames, True)
