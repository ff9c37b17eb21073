"""Start the shop: `python environments/serve.py` (README.md beside this file says how)."""

import sys

from fernhill.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
