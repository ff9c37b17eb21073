"""Start the sites: `python environments/serve.py` (README.md beside this file says how)."""

import sys

from town.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
