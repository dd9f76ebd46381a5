"""The sound of a video: copied as FFmpeg copies it, or encoded, in step with the pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Result
from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.sinks import Encoding, StreamCopyOptions, VideoSink

RATE = 48_000
CODECS = [
    *("aac", "ac3", "eac3", "alac", "flac", "libmp3lame", "mp2", "libopus", "tta", "wavpack"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le"),
    *("pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms"),
]
WINDOWS_CODECS = {"pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms"}
"""Codecs that Matroska holds by their numbers in Windows; PyAV does not know that."""
CONTAINERS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm", "avi": "avi"}


def tone(start: int, count: int, channels: int = 1, rate: int = RATE) -> NDArray[np.float32]:
    """Return samples of 1 kHz, shape (channels, count)."""
    wave = 0.5 * np.sin(2 * np.pi * 1000 / rate * np.arange(start, start + count))
    return np.tile(wave.astype(np.float32), (channels, 1))


def make(
    path: Path,
    codec: str,
    samples: list[tuple[int, NDArray[np.float32]]],
    *,
    layout: str = "mono",
    rate: int = RATE,
) -> Path:
    """Encode pieces of sound, each from a sample on, into a file with a video of two small frames.

    Args:
        path: The file.
        codec: FFmpeg's name of the encoder.
        samples: Position of the first sample and float samples of shape (channels, count), in order.
        layout: The channels.
        rate: Samples per second.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})
        assert isinstance(sound, av.AudioStream)
        sound.codec_context.format = (sound.codec_context.codec.audio_formats or [sound.format])[0]
        sound.codec_context.time_base = Fraction(1, rate)
        sound.codec_context.open()
        for index in range(2):
            image = av.VideoFrame(32, 32, "yuv420p")
            image.pts, image.time_base = index, Fraction(1)
            container.mux(video.encode(image))
        for start, piece in samples:
            resampler = av.AudioResampler(sound.format, layout, rate, frame_size=sound.codec_context.frame_size or None)
            frame = av.AudioFrame.from_ndarray(piece.T.reshape(1, -1).copy(), format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for part in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(sound.encode(part))
        container.mux(sound.encode(None))
        container.mux(video.encode(None))
    return path


def write(source: Path, target: Path, **encoding: str) -> VideoSink:
    """Write two frames, and the sound of a file."""
    copy = StreamCopyOptions(source)
    small = Encoding(**{"codec": "mpeg4" if target.suffix != ".webm" else "vp9"} | encoding)  # type: ignore[arg-type]
    sink = VideoSink(target, rate=Fraction(1), time_base=Fraction(1, 1000), encoding=small, stream_copy=copy)
    with sink:
        for index in range(2):
            frame = Frame(np.zeros((32, 32), np.uint8), index, Fraction(index), 0)
            sink.write(Result.unfiltered(frame))
    return sink


def packets(path: Path) -> list[bytes]:
    """Return the bytes of all packets of the sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def heard(path: Path) -> tuple[NDArray[np.float32], Fraction, int]:
    """Return the decoded samples of the first channel, the time of the first one, and their rate."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
        channels = frames[0].layout.nb_channels
        resampler = av.AudioResampler("flt", frames[0].layout, frames[0].sample_rate)
        start_s = Fraction(frames[0].pts or 0) * Fraction(frames[0].time_base or 1)
        parts = [
            part.to_ndarray().reshape(-1, channels)[:, 0] for frame in frames for part in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32), start_s, frames[0].sample_rate


def holds(source: Path, container: str, target: Path) -> bool:
    """Return whether PyAV copies the sound of a file into a container."""
    try:
        with av.open(str(source)) as given, av.open(str(target), "w", format=container) as made:
            copy = made.add_stream_from_template(given.streams.audio[0], opaque=True)
            for packet in given.demux(audio=0):
                if packet.dts is not None:
                    packet.stream = copy
                    made.mux(packet)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A short file for each codec."""
    folder = tmp_path_factory.mktemp("sounds")
    piece = [(0, tone(0, 9600))]
    suffixes = {"alac": "mov", "tta": "mkv", "eac3": "mkv"}  # NUT has no names of their own for these.
    return {codec: make(folder / f"{codec}.{suffixes.get(codec, 'nut')}", codec, piece) for codec in CODECS}


def test_every_sound_that_a_container_takes_is_copied_bit_by_bit(sounds: dict[str, Path], tmp_path: Path) -> None:
    """The judge is FFmpeg itself: what it copies is copied, and nothing is refused that it takes."""
    pairs = 0
    for codec, source in sounds.items():
        for suffix, container in CONTAINERS.items():
            target = tmp_path / f"{codec}.{suffix}"
            is_wrapped = suffix == "mkv" and codec in WINDOWS_CODECS
            if not is_wrapped and not holds(source, container, tmp_path / "judge"):
                with pytest.raises(OptionError, match="cannot hold audio stream 1"):
                    write(source, target)
                continue
            assert write(source, target).loss is None, target.name
            assert b"".join(packets(target)) == b"".join(packets(source)), target.name
            pairs += 1
    assert pairs >= 60


@pytest.mark.parametrize("name", ["out.mkv", "[a] b'c|d e.mkv"])
def test_sound_that_matroska_knows_by_its_number_in_windows_is_copied_beside_any_video(
    name: str, sounds: dict[str, Path], tmp_path: Path
) -> None:
    """FFmpeg writes it behind a wrapper, whose names of files have a syntax of their own."""
    assert write(sounds["adpcm_ima_wav"], tmp_path / name, codec="h264").loss is None
    assert packets(tmp_path / name) == packets(sounds["adpcm_ima_wav"])
    with av.open(str(tmp_path / name)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "adpcm_ima_wav"]
        assert len(list(container.decode(video=0))) == 2


@pytest.mark.parametrize("codec", ["aac", "ac3", "flac", "libmp3lame", "libopus", "pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize(
    ("layout", "rate"), [("mono", 8000), ("stereo", 44_100), ("5.1", 48_000), ("7.1", 96_000), ("3.1", 11_025)]
)
def test_sound_of_any_layout_and_rate_is_encoded(layout: str, rate: int, codec: str, tmp_path: Path) -> None:
    """With the nearest rate and channels that the encoder takes, for as long, and from the same time on."""
    channels = av.AudioLayout(layout).nb_channels
    source = make(tmp_path / "in.mkv", "flac", [(rate // 2, tone(0, rate, channels, rate))], layout=layout, rate=rate)
    sink = write(source, tmp_path / "out.mkv", audio_codec=codec)
    assert sink.loss is None
    samples, start_s, made_rate = heard(tmp_path / "out.mkv")
    sounding = np.flatnonzero(np.abs(samples) > 0.02)
    assert start_s + Fraction(int(sounding[0]), made_rate) == pytest.approx(0.5, abs=0.03)
    assert (sounding[-1] - sounding[0]) / made_rate == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", ["in.avi", "in.mov", "in.mkv"])
def test_sound_that_declares_a_number_of_channels_only_is_encoded(name: str, tmp_path: Path) -> None:
    """As PCM does in an AVI."""
    source = make(tmp_path / name, "pcm_s16le", [(0, tone(0, RATE, 2))], layout="stereo")
    write(source, tmp_path / "out.mp4", audio_codec="aac")
    samples, _, rate = heard(tmp_path / "out.mp4")
    assert len(samples) / rate == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("first", "second"), [(("stereo", RATE), ("5.1", RATE)), (("mono", RATE), ("stereo", 44_100))])
@pytest.mark.parametrize("target", ["out.mp4", "out.avi"])
def test_sound_whose_channels_and_rate_change_midway_is_encoded_to_its_end(
    first: tuple[str, int], second: tuple[str, int], target: str, tmp_path: Path
) -> None:
    """Broadcasts do that, from one programme to the next."""
    content = b""
    for start, (layout, rate) in enumerate((first, second)):
        channels = av.AudioLayout(layout).nb_channels
        piece = [(start * rate, tone(0, rate, channels, rate))]
        content += make(tmp_path / f"{start}.ts", "ac3", piece, layout=layout, rate=rate).read_bytes()
    (tmp_path / "in.ts").write_bytes(content)
    assert write(tmp_path / "in.ts", tmp_path / target, audio_codec="libmp3lame").loss is None
    samples, _, rate = heard(tmp_path / target)
    assert np.count_nonzero(np.abs(samples) > 0.02) / rate == pytest.approx(1.95, abs=0.15)


@pytest.mark.parametrize(
    ("audio_codec", "target", "says"),
    [
        ("opus", "out.mov", "audio_codec: mov cannot hold opus"),
        ("aac", "out.webm", "audio_codec: webm cannot hold aac"),
        ("nellymoser", "out.mp4", "audio_codec: mp4 cannot hold nellymoser"),
        ("h264", "out.mp4", "audio_codec: h264 is no audio codec"),
        ("nonsense", "out.mp4", "audio_codec: nonsense cannot be encoded here"),
    ],
)
def test_sound_that_cannot_be_encoded_is_refused_by_name_before_any_work(
    audio_codec: str, target: str, says: str, tmp_path: Path
) -> None:
    """The encoder and the container are tried with the real sound."""
    source = make(tmp_path / "in.mkv", "flac", [(0, tone(0, RATE))])
    with pytest.raises(OptionError, match=says):
        write(source, tmp_path / target, audio_codec=audio_codec)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("codec", "audio_codec", "target"),
    [
        *((codec, None, f"out.{suffix}") for codec in ("pcm_s16le", "pcm_s24le") for suffix in ("mp4", "mov", "avi")),
        *(("pcm_u8", None, f"out.{suffix}") for suffix in ("mov", "mkv", "avi")),
        *(("pcm_s16le", "libmp3lame", f"out.{suffix}") for suffix in ("mp4", "mkv", "avi")),
        *(("pcm_u8", "pcm_s16le", f"out.{suffix}") for suffix in ("mp4", "mkv", "avi")),
    ],
)
def test_sound_after_a_gap_is_in_step(codec: str, audio_codec: str | None, target: str, tmp_path: Path) -> None:
    """Within 10 ms, also in containers that only count samples: there, silence fills the gap."""
    pieces = [(0, tone(0, 24_000)), (72_000, tone(0, 4800))]
    source = make(tmp_path / "in.mkv", codec, pieces)
    encoding = {} if audio_codec is None else {"audio_codec": audio_codec}
    assert write(source, tmp_path / target, **encoding).loss is None
    with av.open(str(tmp_path / target)) as container:
        loud_s = [
            float(Fraction(frame.pts or 0) * Fraction(frame.time_base or 1)) + at / frame.sample_rate
            for frame in container.decode(audio=0)
            for at in np.flatnonzero(np.abs(loudness(frame)) > 0.1)[:1]
        ]
    tolerance_s = 0.01 if audio_codec != "libmp3lame" else 0.035  # MP3 begins a packet late, and AVI cannot say so.
    assert min(time_s for time_s in loud_s if time_s > 1) == pytest.approx(1.5, abs=tolerance_s)


@pytest.mark.parametrize("codec", ["libmp3lame", "ac3", "mp2", "aac"])
def test_compressed_sound_after_a_gap_is_in_step_in_an_avi(codec: str, tmp_path: Path) -> None:
    """An AVI counts packets, so silent ones fill the gap. The tolerance is half a packet and the encoder's delay."""
    whole = make(tmp_path / "whole.mkv", codec, [(0, tone(0, 2 * RATE))])
    with av.open(str(whole)) as source, av.open(str(tmp_path / "in.mkv"), "w") as target:
        copies = [target.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        for packet in source.demux():
            is_gap = packet.stream.type == "audio" and 0.5 < (packet.pts or 0) * packet.time_base < 1.5
            if packet.dts is not None and not is_gap:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    assert write(tmp_path / "in.mkv", tmp_path / "out.avi").loss is None
    samples, start_s, rate = heard(tmp_path / "out.avi")
    loud = np.flatnonzero(np.abs(samples[round((1 - start_s) * rate) :]) > 0.1)
    # The first packets of MP3 need bits of those before, which are missing.
    assert 1 + loud[0] / rate == pytest.approx(1.5, abs=0.13 if codec == "libmp3lame" else 0.045)


def loudness(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Return the samples of a mono frame as floats."""
    (part,) = av.AudioResampler("fltp", "mono", frame.sample_rate).resample(frame)
    return np.asarray(part.to_ndarray()[0], dtype=np.float32)
