"""The last model: for an address that does not exist, shows our page instead of web2py's own."""

from s3sync.ui.refusals import is_action, refusal

if not (request.is_shell or request.is_scheduler) and not is_action(
    request.folder, request.controller, request.function
):
    # The environment of the view; web2py sets it only after the last model.
    response._view_environment = dict(globals())
    raise refusal(404, T("The address leads nowhere. Check it, or find the page by the menu."))
