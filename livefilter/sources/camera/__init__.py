"""Cameras, through OpenCV, and what the operating system says about them.

Begin with ``_reader``, one open camera; ``live/_reconnecting`` opens it again when it is lost. ``_devices`` lists the
cameras and finds out why one does not open. ``_v4l2`` asks Linux's drivers for formats, sizes and rates.
``_pixel_format`` makes gray, and BGR where it is wanted, of frames that OpenCV has not converted.
"""

from __future__ import annotations

from livefilter.sources.camera._devices import (
    CameraFacts,
    OpenAttempt,
    camera_exists,
    camera_index,
    list_cameras,
    probe_cameras,
)
from livefilter.sources.camera._pixel_format import detect_pixel_format, unpack_converted
from livefilter.sources.camera._reader import CameraReader, request_permission
from livefilter.sources.camera._v4l2 import (
    Capabilities,
    Ioctl,
    Mode,
    choose_format,
    describe,
    stride_padding,
    unreadable,
)

__all__ = [
    "CameraFacts",
    "CameraReader",
    "Capabilities",
    "Ioctl",
    "Mode",
    "OpenAttempt",
    "camera_exists",
    "camera_index",
    "choose_format",
    "describe",
    "detect_pixel_format",
    "list_cameras",
    "probe_cameras",
    "request_permission",
    "stride_padding",
    "unpack_converted",
    "unreadable",
]
