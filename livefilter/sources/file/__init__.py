"""Video files and standard input, decoded through PyAV.

Begin with ``_video``, the source. ``_demux`` opens a file, or a pipe through ``_byte_stream``, and picks its video
stream; ``sources/_av_pixels`` turns decoded frames into gray pixels. ``_probe`` describes a file, in the records of
``_media``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livefilter._lazy import lazy_exports

if TYPE_CHECKING:
    from livefilter.sources.file._byte_stream import ByteStream
    from livefilter.sources.file._demux import declared_end_s, is_video, open_media, open_video
    from livefilter.sources.file._media import AudioFacts, Chapter, MediaFacts, OtherFacts, Scan, VideoFacts
    from livefilter.sources.file._probe import probe
    from livefilter.sources.file._standard_input import open_standard_input, raw_video
    from livefilter.sources.file._video import VideoFile
else:
    # Loaded on first use: PyAV takes a while to load.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_byte_stream": ["ByteStream"],
            "_demux": ["declared_end_s", "is_video", "open_media", "open_video"],
            "_media": ["AudioFacts", "Chapter", "MediaFacts", "OtherFacts", "Scan", "VideoFacts"],
            "_probe": ["probe"],
            "_standard_input": ["open_standard_input", "raw_video"],
            "_video": ["VideoFile"],
        },
    )

__all__ = [
    "AudioFacts",
    "ByteStream",
    "Chapter",
    "MediaFacts",
    "OtherFacts",
    "Scan",
    "VideoFacts",
    "VideoFile",
    "declared_end_s",
    "is_video",
    "open_media",
    "open_standard_input",
    "open_video",
    "probe",
    "raw_video",
]
