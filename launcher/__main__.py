"""Entry of ``./run`` and ``./test``, called as a file: ``python launcher/__main__.py run ...``."""

import os
import sys

if __name__ == "__main__":
    # Python puts this folder on the path, where modules with common names would shadow others.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from launcher.command import main

    sys.exit(main(sys.argv[1:]))
