"""Video files, decoded through PyAV.

Begin with ``_video``; ``_pixels`` turns decoded pictures into frames, ``_probe`` describes a file without decoding it.
"""
