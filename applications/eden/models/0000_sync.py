"""The first model: keeps web2py from reading a document of another site as a form, before any model asks for it."""

from s3sync.ui import program_requests

if request.controller == "sync":
    program_requests.prepare(request, response, session)
