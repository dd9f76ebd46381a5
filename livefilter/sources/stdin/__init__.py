"""Frames from standard input or a pipe: Y4M, JPEG pictures, raw video, any container.

Begin with ``_source``.
"""
