"""What live sources share: reconnecting, the reader thread, time stamps and the detection of frozen pictures.

Begin with ``_reconnecting``.
"""
