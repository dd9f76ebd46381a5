"""URLs of streams: recognition, and redaction of credentials."""

from __future__ import annotations

import os
import re

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")
_PLAIN = re.compile(r"(\[[^\]]*\]|[^:/@]*)(:\d*)?(/[^@]*)?")
"""Host, port and path, without anything that could be a password."""
_QUERY = re.compile(r"\?\w+=.*")


def is_url(text: str) -> bool:
    """Return whether a text is a URL: a scheme of two letters or more (one letter is a drive), and two slashes."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) is not None


def redact(url: str) -> str:
    """Return a URL without credentials, safe to display and log: no user, no password, no query (it may hold both).

    Passwords are often unescaped and may contain any character. Where it is unclear what belongs to one, only the
    scheme remains.

    Example:
        >>> redact("rtsp://admin:p@ss/word@cam.local:554/live"), redact("http://cam/video.cgi?user=admin&pwd=secret")
        ('rtsp://cam.local:554/live', 'http://cam/video.cgi')
        >>> redact("rtsp://admin:what?@cam.local")
        'rtsp://(hidden)'
    """
    scheme, _, rest = url.partition("://")
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    tail = rest.removeprefix(place)
    if "@" in tail and not (_PLAIN.fullmatch(place) and _QUERY.fullmatch(tail)):
        place = "(hidden)"
    return f"{scheme.lower()}://{place.rpartition('@')[2]}"


def ffmpeg_options_from_env() -> dict[str, str]:
    """Return FFmpeg options from OPENCV_FFMPEG_CAPTURE_OPTIONS, in OpenCV's form ``key;value|key;value``."""
    pairs = (pair.partition(";") for pair in os.environ.get("OPENCV_FFMPEG_CAPTURE_OPTIONS", "").split("|"))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}
