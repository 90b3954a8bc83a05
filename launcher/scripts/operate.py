"""Runs inside the application: carries out a command of ./eden. Argument: the command with its options, as JSON.

News while it lasts are lines of JSON on the standard output.
"""

import json
import os
import sys

if settings.has_module("sync"):
    from applications.eden.modules.s3sync.command_line import commands

    found = commands.carry_out(
        current.sync_site,
        T,
        json.loads(sys.argv[1]),
        lambda news: print(json.dumps({"news": news}), flush=True),
    )
else:
    found = {
        "error": "The module sync is switched off at this site.",
        "remedy": "Enable it in models/000_config.py.",
    }
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(found, output)
