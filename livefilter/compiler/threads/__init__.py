"""Several threads on one frame.

Begin with ``_control_block`` (what threads share) and ``_work_loop`` (the protocol); ``_pool`` keeps the threads.
"""
