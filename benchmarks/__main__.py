"""Entry of ``benchmarks/run``, called as a file: makes the environment, then continues inside it."""

import os
import sys

if __name__ == "__main__":
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:1] = [checkout, os.path.join(checkout, "applications", "eden", "modules")]
    from launcher.environment import MYSQL, POSTGRESQL, RUNTIME, ensure_environment
    from launcher.problems import Problem

    try:
        python = ensure_environment([RUNTIME, POSTGRESQL, MYSQL], lambda text: print(text, file=sys.stderr))
    except Problem as problem:
        sys.exit(str(problem))
    if os.path.abspath(sys.executable) != str(python):
        os.execv(python, [str(python), os.path.abspath(__file__), *sys.argv[1:]])
    from benchmarks.command import main

    sys.exit(main(sys.argv[1:]))
