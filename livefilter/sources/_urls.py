"""Addresses of streams: what counts as one, and what of it may be shown."""

from __future__ import annotations

import os
import re

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")
_PLAIN = re.compile(r"(\[[^\]]*\]|[^:/@]*)(:\d*)?(/[^@]*)?")
"""A host, a port, a path, and nothing that could be a password."""
_QUERY = re.compile(r"\?\w+=.*")


def is_url(text: str) -> bool:
    """Return whether a text is an address: a scheme of two letters or more (one is a drive), and two slashes."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) is not None


def redact(url: str) -> str:
    """Return what of an address may be shown, drawn and logged: no user, no password, no query (which may hold both).

    Passwords often stand there unescaped, with any sign in them. Where it cannot be told what belongs to one, nothing
    but the scheme is shown.

    Example:
        >>> shown("rtsp://admin:p@ss/word@cam.local:554/live"), shown("http://cam/video.cgi?user=admin&pwd=secret")
        ('rtsp://cam.local:554/live', 'http://cam/video.cgi')
        >>> shown("rtsp://admin:what?@cam.local")
        'rtsp://(hidden)'
    """
    scheme, _, rest = url.partition("://")
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    tail = rest.removeprefix(place)
    if "@" in tail and not (_PLAIN.fullmatch(place) and _QUERY.fullmatch(tail)):
        place = "(hidden)"
    return f"{scheme.lower()}://{place.rpartition('@')[2]}"


def ffmpeg_options_from_env() -> dict[str, str]:
    """Return what OPENCV_FFMPEG_CAPTURE_OPTIONS asks of FFmpeg: ``key;value|key;value``, as OpenCV reads it."""
    pairs = (pair.partition(";") for pair in os.environ.get("OPENCV_FFMPEG_CAPTURE_OPTIONS", "").split("|"))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}
