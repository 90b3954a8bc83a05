"""How a failure that passes by itself is told to whoever answers the request: there is no report of it."""

from __future__ import annotations

#: Set in the WSGI environment by whoever tells people and programs of such a failure.
TELLS_PASSING = "eden.tells_passing"
#: What stands in place of the name of a report.
PASSING = "passing"
#: Seconds after which whoever was told so tries again.
RETRY_AFTER = 5
