#!/usr/bin/env python3
"""web2py's own command line for a site of this checkout.

    python web2py.py -K eden -Q                     a worker
    python web2py.py -S eden -M -R script.py        a script in the application's environment
    python web2py.py -a PASSWORD -i HOST -p PORT    the web server

The site is the folder given by -f (--folder), else the current folder when it is an instance folder, else
instance/ in the checkout; a folder that is not there yet is prepared. Any Python can call this: when web2py
is not installed in it, the checkout's own environment is used.
"""

# This file must be readable for every Python, so that an old one gets a message instead of a syntax error.
import os
import sys

CHECKOUT = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.exit(
            "web2py.py needs Python 3.9 to 3.13; this is Python %d.%d. Call it with another one, e.g. "
            "python3.11 web2py.py." % sys.version_info[:2]
        )
    sys.path[:] = [CHECKOUT] + [path for path in sys.path if path not in ("", CHECKOUT)]
    from launcher.web2py import main

    main(sys.argv)
elif __name__ == "__mp_main__":
    # A task of a worker, in a process of its own.
    sys.path.insert(0, CHECKOUT)
    from launcher.processes import become_a_task

    sys.path.remove(CHECKOUT)
    become_a_task()
