"""The last model: for an address that does not exist, shows our page instead of web2py's own.

It also answers a web server that asks whether somebody may send a body of that size to a page, and looks whose form
was sent.
"""

from s3sync.ui.program_requests import is_interface
from s3sync.ui.refusals import is_action, refusal

_missing = not (request.is_shell or request.is_scheduler) and not is_action(
    request.folder, request.controller, request.function
)
_asked = request.env.eden_asks_before_body and not is_interface(request)
_person = not (request.is_shell or request.is_scheduler or is_interface(request) or _asked)
_refused = current.form_keeper.receive(request) if _person and not _missing else None
if _missing or _asked or _refused:
    # The environment of the view; web2py sets it only after the last model.
    response._view_environment = dict(globals())
if _missing:
    raise refusal(404, T("The address leads nowhere. Check it, or find the page by the menu."))
if _refused:
    raise refusal(409, _refused)
if _asked:
    from s3sync.web.bodies import takes_form

    raise takes_form(request, T, current.sync_site.host.settings if settings.has_module("sync") else None)
