"""Entry of ``./eden-sync``, and of the archive."""

import os
import sys

if __name__ == "__main__":
    if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        # Called as a file, Python puts this folder on the path; modules with common names would shadow others.
        sys.path[0] = os.path.dirname(sys.path[0])
    from installer.command import main

    sys.exit(main(sys.argv[1:]))
