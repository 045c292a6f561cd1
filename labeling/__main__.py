"""python -m labeling …"""

import sys

from labeling.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
