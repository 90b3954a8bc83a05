"""Entry of ``./run`` and ``./test``, called as a file: ``python launcher/__main__.py run ...``."""

import os
import sys

if __name__ == "__main__":
    # Python puts this folder on the path, where modules with common names would shadow others.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from launcher.command import main
    from launcher.hidden_options import hide

    hide(sys.argv[0], sys.argv[1:], os.environ)
    sys.exit(main(sys.argv[1:]))
