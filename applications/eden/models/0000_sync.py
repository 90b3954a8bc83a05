"""The first model: what has to happen before any other reads the request or a translated text."""

from s3sync.host.own_modules import declare_own_modules
from s3sync.ui import program_requests as program_requests, session_files as session_files
from s3sync.ui import tickets as tickets, translations as translations
from s3sync.web import busy_database as busy_database

declare_own_modules(request.folder)
if request.controller == "sync":
    program_requests.prepare(request, response, session)
translations.quote_translations()
tickets.hide_secrets(busy_database.is_passing)
session_files.write_whole()
