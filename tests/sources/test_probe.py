"""What is in a media file."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from livefilter.cli import run
from livefilter.errors import SourceError
from livefilter.sources import Chapter, VideoFile, probe

Require = Callable[[object, str], None]
CHAPTERS = ";FFMETADATA1\ntitle=Hall\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n"
SUBTITLES = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"


@pytest.fixture
def make(require: Require, tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a file by FFmpeg, from a test picture unless inputs are given."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")

    def made(name: str, *arguments: str, inputs: tuple[str, ...] = ()) -> Path:
        picture = ("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=30000/1001:duration=1")
        path = tmp_path / name
        subprocess.run(["ffmpeg", "-v", "error", *(inputs or picture), *arguments, str(path)], check=True, timeout=100)
        return path

    return made


def test_a_rich_file_is_described(make: Callable[..., Path], tmp_path: Path) -> None:
    """Every kind of stream, the chapter, the metadata, and how the picture is meant."""
    (tmp_path / "chapters.txt").write_text(CHAPTERS)
    (tmp_path / "words.srt").write_text(SUBTITLES)
    path = make(
        "rich.mkv",
        *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1", "-i", str(tmp_path / "words.srt")),
        *("-i", str(tmp_path / "chapters.txt"), "-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3"),
        *("-map_chapters", "3", "-vf", "setsar=4/3", "-c:v", "libx264", "-pix_fmt", "yuv422p10le"),
        *("-colorspace", "bt709", "-color_range", "tv", "-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-c:a", "ac3", "-metadata:s:a:0", "language=deu", "-c:s", "srt", "-metadata:s:s:0", "title=Words"),
    )
    facts = probe(path)
    (video,), (audio,), (other,) = facts.video, facts.audio, facts.other
    assert (facts.name, facts.container, facts.size_bytes) == ("rich.mkv", "matroska,webm", path.stat().st_size)
    assert (video.codec, video.width, video.height, video.pixel_aspect) == ("h264", 96, 64, Fraction(4, 3))
    assert (video.rate, video.is_variable, video.rotation) == (Fraction(30000, 1001), False, 0)
    assert (video.pix_fmt, video.bits, video.is_interlaced) == ("yuv422p10le", 10, False)
    assert (video.color_range, video.matrix, video.primaries, video.transfer) == ("limited", "bt709", "bt709", "bt709")
    assert (audio.codec, audio.sample_rate, audio.layout, audio.language) == ("ac3", 48000, "mono", "deu")
    assert (other.kind, other.codec, other.title) == ("subtitle", "srt", "Words")
    assert facts.chapters == (Chapter(0.0, 0.5, "One"),)
    assert facts.metadata["title"] == "Hall"
    assert (facts.scan, facts.loss) == (None, None)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_told_as_degrees(make: Callable[..., Path], rotation: int) -> None:
    """As the picture is turned to be shown, counter-clockwise; size is as stored."""
    plain = make("plain.mp4", "-c:v", "libx264")
    turned = make("turned.mp4", "-c", "copy", "-metadata:s:v", f"rotate={rotation}", inputs=("-i", str(plain)))
    (video,) = probe(turned).video
    assert (video.rotation, video.width, video.height) == (rotation, 96, 64)


def test_an_uneven_rate_is_told(make: Callable[..., Path]) -> None:
    """From the times of packets alone, and of all frames when it is scanned."""
    path = make("vfr.mkv", "-vf", "select='not(between(mod(n,10),3,5))'", "-vsync", "vfr", "-c:v", "libx264")
    assert probe(path).video[0].is_variable is True
    scanned = probe(path, scan=True)
    assert scanned.video[0].is_variable is True
    assert scanned.scan is not None
    assert scanned.scan.longest_gap_s == pytest.approx(4 * 1001 / 30000, abs=0.002)


def test_interlaced_video_is_told(make: Callable[..., Path]) -> None:
    """By its first frame."""
    path = make("fields.mp4", "-c:v", "libx264", "-flags", "+ilme+ildct", "-x264opts", "tff=1")
    assert probe(path).video[0].is_interlaced


def test_sound_with_a_cover_is_no_video(make: Callable[..., Path]) -> None:
    """The cover is named as one, and there is nothing to scan."""
    cover = make("cover.png", "-frames:v", "1")
    path = make(
        "song.mp4",
        *("-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy", "-disposition:v:0", "attached_pic"),
        inputs=("-f", "lavfi", "-i", "sine=duration=1", "-i", str(cover)),
    )
    facts = probe(path, scan=True)
    assert [video.is_cover for video in facts.video] == [True]
    assert facts.scan is None
    assert len(facts.audio) == 1


def test_a_scan_finds_what_is_missing(clip: Path, tmp_path: Path) -> None:
    """A file that is whole has no loss; one whose end was cut off has, in words."""
    whole = probe(clip, scan=True)
    assert whole.scan is not None
    assert (whole.scan.frames, whole.loss) == (8, None)
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:-700])
    cut = probe(tmp_path / "cut.mp4", scan=True)
    with VideoFile(tmp_path / "cut.mp4") as source:
        frames = len(list(source))
        assert source.loss == f"{tmp_path / 'cut.mp4'}: {cut.loss}"
    assert cut.scan is not None
    assert cut.scan.frames == frames < 8


@pytest.mark.parametrize(("group", "says"), [("12", "frames could be decoded"), ("99", "has no frame that can be dec")])
def test_a_scan_tells_what_reading_would(group: str, says: str, make: Callable[..., Path], tmp_path: Path) -> None:
    """A recording that starts between key frames declares no number of frames; some cannot be decoded, or none."""
    content = make("whole.ts", "-c:v", "libx264", "-g", group, "-keyint_min", "12").read_bytes()
    (tmp_path / "cut.ts").write_bytes(content[188 * (len(content) // 188 // 4) :])
    facts = probe(tmp_path / "cut.ts", scan=True)
    assert facts.video[0].codec == "h264"
    assert facts.loss is not None
    assert says in facts.loss


@pytest.mark.parametrize(("name", "says"), [("missing.mp4", "no such file"), (".", "is a folder"), ("a.mp4", "empty")])
def test_what_is_no_file_is_told(name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain words."""
    monkeypatch.chdir(tmp_path)
    Path("a.mp4").touch()
    with pytest.raises(SourceError, match=says):
        probe(Path(name))


def test_the_command_prints_lines_or_json(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each stream; JSON holds all facts, rates as exact fractions; damage is exit code 5."""
    assert run(["probe", str(clip), "--scan"]) == 0
    output = capsys.readouterr().out
    assert " ".join(output.split()).startswith("file clip.mp4, mov,")
    assert "64x48, 25 fps constant, 8 frames" in output
    assert "8 frames decoded" in output
    assert run(["probe", str(clip), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["video"][0]["rate"] == "25"
    assert made["loss"] is None
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:-700])
    assert run(["probe", str(tmp_path / "cut.mp4"), "--scan"]) == 5
    assert "livefilter: lost: " in capsys.readouterr().err
    assert run(["probe", "missing.mp4"]) == 3
