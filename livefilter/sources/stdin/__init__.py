"""Frames from standard input: YUV4MPEG2, concatenated JPEG images, or raw video.

Begin with ``_source``, which recognises the format. ``_byte_stream`` reads the pipe, ``_y4m`` parses the header of
YUV4MPEG2, and ``_jpegs`` finds where each JPEG image begins and ends.
"""

from __future__ import annotations

from livefilter.sources.stdin._byte_stream import ByteStream
from livefilter.sources.stdin._jpegs import JpegSplitter
from livefilter.sources.stdin._source import open_standard_input
from livefilter.sources.stdin._y4m import Y4mHeader, parse_header

__all__ = [
    "ByteStream",
    "JpegSplitter",
    "Y4mHeader",
    "open_standard_input",
    "parse_header",
]
