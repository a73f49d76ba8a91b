"""The launcher: `python -m tillhald.boot --home DIR -- ARGUMENTS OF tillhald`."""

from __future__ import annotations

import sys

from tillhald.boot.launcher import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
