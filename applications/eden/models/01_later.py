"""A request of another site that only asks does without the data model, until it needs it."""

from s3sync.host import later_models as later_models
from s3sync.ui.program_requests import only_asks

put_off = None
if settings.has_module("sync") and only_asks(request) and not schema_gate.migrating:
    put_off = later_models.put_off(globals(), schema_gate.wanted)
