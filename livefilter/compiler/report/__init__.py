"""What ``livefilter explain --plan`` shows: passes, strategies and counted instructions of a compiled preset."""
