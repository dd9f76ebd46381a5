"""Video files: encoding, time stamps, and the streams that are copied beside the picture.

Begin with ``_sink``; ``_remux`` copies sound, subtitles and metadata.
"""
