"""Capabilities from V4L2, with a stand-in for the kernel that follows linux/videodev2.h."""

from __future__ import annotations

import errno
import struct
from fractions import Fraction

import pytest

from livefilter.sources.camera import Capabilities, Mode, choose_format, describe, stride_padding, unreadable

QUERYCAP, ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS = 0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B
"""As a C compiler prints VIDIOC_QUERYCAP and so on."""
CAPTURE, OUTPUT, METADATA, PLANES, STREAMING, OWN = 0x1, 0x2, 0x0080_0000, 0x1000, 0x0400_0000, 0x8000_0000


def code(letters: str) -> int:
    """As v4l2_fourcc."""
    return int.from_bytes(letters.encode(), "little")


class Kernel:
    """Stands for a driver: capabilities, and modes as a tree of format, size and intervals."""

    def __init__(
        self,
        modes: dict[str, dict[tuple[int, ...], list[tuple[int, ...]]]],
        capabilities: int = CAPTURE | STREAMING,
        whole: int = 0,
        buffer_type: int = 1,
    ) -> None:
        self.modes = modes
        self.capabilities = capabilities
        self.whole = whole
        self.buffer_type = buffer_type

    def ioctl(self, descriptor: int, request: int, buffer: bytearray) -> None:
        """As fcntl.ioctl, or a mistake that a kernel would make a fault of."""
        assert descriptor == 7
        assert len(buffer) == request >> 16 & 0x3FFF
        try:
            self.answers[request](self, buffer)
        except (IndexError, KeyError):
            raise OSError(errno.EINVAL, "Invalid argument") from None

    def tell_capabilities(self, buffer: bytearray) -> None:
        """Struct v4l2_capability."""
        struct.pack_into("=16s32s32s", buffer, 0, b"uvcvideo", "Kamera Ü".encode(), b"usb-0000:00:14.0-1")
        own = self.capabilities if self.whole else 0
        struct.pack_into("=III", buffer, 80, 0x060100, self.whole or self.capabilities, own)

    def tell_format(self, buffer: bytearray) -> None:
        """Struct v4l2_fmtdesc."""
        index, buffer_type = struct.unpack_from("=II", buffer)
        if buffer_type != self.buffer_type:
            raise KeyError(buffer_type)
        struct.pack_into("=I32sI", buffer, 8, 0, b"described", code(list(self.modes)[index]))

    def tell_size(self, buffer: bytearray) -> None:
        """Struct v4l2_frmsizeenum: one size, or a range of them with steps."""
        index, format_ = struct.unpack_from("=II", buffer)
        size = list(self.modes[format_.to_bytes(4, "little").decode()])[index]
        struct.pack_into(f"=I{len(size)}I", buffer, 8, 1 if len(size) == 2 else 3, *size)

    def tell_interval(self, buffer: bytearray) -> None:
        """Struct v4l2_frmivalenum: one interval, or a range."""
        index, format_, cols, rows = struct.unpack_from("=IIII", buffer)
        sizes = self.modes[format_.to_bytes(4, "little").decode()]
        [intervals] = [found for size, found in sizes.items() if cols == size[0] and rows in size]
        values = intervals[index]
        struct.pack_into(f"=I{len(values)}I", buffer, 16, 1 if len(values) == 2 else 2, *values)

    answers = {  # noqa: RUF012 - of a class that is only ever read
        QUERYCAP: tell_capabilities,
        ENUM_FMT: tell_format,
        ENUM_FRAMESIZES: tell_size,
        ENUM_FRAMEINTERVALS: tell_interval,
    }


def test_a_webcam_tells_its_name_and_all_its_modes() -> None:
    """Formats in the driver's order, sizes as rows and columns, rates exact and the fastest first."""
    camera = Kernel(
        {
            "YUYV": {(640, 480): [(1, 30), (1, 15)], (1280, 720): [(1, 10)]},
            "MJPG": {(1920, 1080): [(1001, 30000)]},
        }
    )
    assert describe(7, camera.ioctl) == Capabilities(
        "Kamera Ü",
        "uvcvideo",
        "usb-0000:00:14.0-1",
        (
            Mode("YUYV", (480, 640), None, (Fraction(30), Fraction(15))),
            Mode("YUYV", (720, 1280), None, (Fraction(10),)),
            Mode("MJPG", (1080, 1920), None, (Fraction(30000, 1001),)),
        ),
    )


def test_ranges_of_sizes_and_rates_are_told_by_their_ends() -> None:
    """As of sensors that scale, and of loopback devices; the step between is left out."""
    camera = Kernel({"NV12": {(32, 4096, 2, 16, 2160, 2): [(1, 60, 1, 2, 1, 60)]}})
    capabilities = describe(7, camera.ioctl)
    assert capabilities is not None
    assert capabilities.modes == (Mode("NV12", (16, 32), (2160, 4096), (Fraction(60), Fraction(2))),)


def test_gray_formats_have_trailing_blanks_in_their_code() -> None:
    """'Y16 ' is asked for as it is named."""
    capabilities = describe(7, Kernel({"Y16 ": {(8, 6): []}}).ioctl)
    assert capabilities is not None
    assert capabilities.modes == (Mode("Y16", (6, 8), None, ()),)


def test_a_device_for_metadata_is_no_camera() -> None:
    """The whole device can capture, this node of it can not."""
    assert describe(7, Kernel({}, METADATA | STREAMING, OWN | CAPTURE | METADATA | STREAMING).ioctl) is None
    assert describe(7, Kernel({}, OUTPUT).ioctl) is None


def test_a_camera_of_several_planes_is_one_too() -> None:
    """As on boards with a sensor of their own."""
    capabilities = describe(7, Kernel({"NM12": {(64, 48): [(1, 30)]}}, PLANES, OWN | PLANES, buffer_type=9).ioctl)
    assert capabilities is not None
    assert capabilities.modes == (Mode("NM12", (48, 64), None, (Fraction(30),)),)


def test_an_interval_of_nothing_is_no_rate() -> None:
    """Some drivers report 0/1."""
    capabilities = describe(7, Kernel({"YUYV": {(8, 6): [(0, 1), (1, 5)]}}).ioctl)
    assert capabilities is not None
    assert capabilities.modes[0].rates == (Fraction(5),)


def test_a_driver_that_counts_for_ever_is_stopped() -> None:
    """Some repeat their last answer to any index."""
    camera = Kernel({"YUYV": {(8, 6): [(1, 5)]}})

    def endless(descriptor: int, request: int, buffer: bytearray) -> None:
        if request == ENUM_FRAMEINTERVALS:
            struct.pack_into("=I", buffer, 0, 0)
        camera.ioctl(descriptor, request, buffer)

    capabilities = describe(7, endless)
    assert capabilities is not None
    assert capabilities.modes[0].rates == (Fraction(5),)


WEBCAM = (
    Mode("YUYV", (480, 640), None, (Fraction(30), Fraction(15))),
    Mode("YUYV", (720, 1280), None, (Fraction(10),)),
    Mode("MJPG", (480, 640), None, (Fraction(60),)),
    Mode("MJPG", (720, 1280), None, (Fraction(30000, 1001), Fraction(15))),
    Mode("H264", (1080, 1920), None, (Fraction(60),)),
)


@pytest.mark.parametrize(
    ("size", "rate", "best"),
    [
        (None, None, "YUYV"),
        (None, 60, "MJPG"),
        ((720, 1280), None, "MJPG"),
        ((720, 1280), 10, "YUYV"),
        ((1080, 1920), None, None),
        ((481, 640), None, None),
    ],
)
def test_the_best_format_is_the_simplest_that_is_fast_enough(
    size: tuple[int, int] | None, rate: int | None, best: str | None
) -> None:
    """29.97 is as good as 30; formats that OpenCV does not read, and sizes that are not offered, do not count."""
    assert choose_format(WEBCAM, size, Fraction(rate) if rate else None) == best


def test_a_size_within_a_range_is_offered() -> None:
    """And rates that a driver does not report count as reached."""
    scaler = (Mode("MJPG", (16, 16), (1080, 1920), ()), Mode("NV12", (16, 16), (480, 640), ()))
    assert choose_format(scaler, (480, 640), None) == "NV12"
    assert choose_format(scaler, (481, 640), None) == "MJPG"
    assert choose_format((), None, None) is None


@pytest.mark.parametrize("fourcc", [None, "MJPG", "GREY"])
def test_what_opencv_reads_is_not_refused(fourcc: str | None) -> None:
    """What a camera does not offer, it ignores, which is reported later."""
    assert unreadable(WEBCAM, fourcc) is None
    assert unreadable((), fourcc) is None


def test_what_opencv_does_not_read_is_told() -> None:
    """Instead of that the camera gives no picture."""
    said = "sends H264, but OpenCV cannot read that from cameras; request YUYV or MJPG"
    assert unreadable(WEBCAM, "H264") == said
    assert unreadable(WEBCAM[-1:], None) == "sends only H264, which OpenCV cannot read from cameras"


@pytest.mark.parametrize(
    ("letters", "row_bytes", "padding"), [("YUYV", 1280, 0), ("YUYV", 1344, 64), ("GREY", 672, 32), ("MJPG", 0, 0)]
)
def test_gaps_between_rows_are_counted(letters: str, row_bytes: int, padding: int) -> None:
    """By what is in force, in the bytes of that format; in the layout of this machine's C compiler."""
    long = struct.calcsize("@P")

    def reply(descriptor: int, request: int, buffer: bytearray) -> None:
        assert (request, len(buffer)) == (0xC0005604 | 200 + long << 16, 200 + long)
        assert struct.unpack_from("=I", buffer) == (1,)
        struct.pack_into("=6I", buffer, long, 640, 480, code(letters), 1, row_bytes, 0)

    assert stride_padding(7, reply) == padding


def test_what_is_no_video_device_is_an_error() -> None:
    """A file that happens to be called video0."""

    def refuse(descriptor: int, request: int, buffer: bytearray) -> None:
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    with pytest.raises(OSError, match="Inappropriate"):
        describe(7, refuse)
