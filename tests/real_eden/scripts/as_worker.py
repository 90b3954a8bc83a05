"""Runs a script in an Eden with the surroundings that its scheduler's worker gives to a job.

``web2py.py -S NAME -R`` starts it in the folder of web2py; ``asked.json`` says which script, and what it is asked.
The script finds that as ``asked`` and calls ``answer``.
"""

import json

from gluon.shell import env


def answer(found):
    """Write down what a script has found."""
    with open("answer.json", "w", encoding="utf-8") as output:
        json.dump(found, output, default=str)


with open("asked.json", encoding="utf-8") as given:
    told = json.load(given)
surroundings = env(request.application, import_models=True, extra_request={"is_scheduler": True})
surroundings.update(asked=told["asked"], answer=answer)
with open(told["script"], encoding="utf-8") as source:
    exec(compile(source.read(), told["script"], "exec"), surroundings)
