"""The first model of this Eden: what has to happen before any other reads a request of the synchronisation."""

if request.controller == "sync":
    from s3sync.ui import program_requests as _program_requests

    _program_requests.prepare(request, response, session)
