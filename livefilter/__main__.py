"""``python -m livefilter`` is ``livefilter``."""

from livefilter.cli import main

if __name__ == "__main__":
    main()
