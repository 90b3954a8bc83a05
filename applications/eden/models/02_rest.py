"""The function that most controllers call."""

from s3sync.ui.program_requests import is_interface


def rest_controller(prefix=None, name=None):
    """Serve the records of a table: pages for people, S3XML for programs.

    Args:
        prefix: the table's module; by default the controller's name.
        name: the table's name without the module; by default the function's name.
    """
    from s3.lists import export as export
    from s3.pages.rest_controller import serve

    prefix, name = prefix or request.controller, name or request.function
    auth.s3_require_module(prefix)
    auth.s3_require_login()
    if is_interface(request):
        from s3sync.web.plain_resources import resource_request

        return resource_request(request, response, prefix, name, request.args(0))
    if settings.has_module("sync"):
        from s3sync.site.scoping import scopes
        from s3sync.ui.refusals import refusal

        # Another role of the account would show what its scope does not.
        if scopes.is_bound(current.sync_site):
            raise refusal(403, T("The scope of your account does not allow it."))
    if request.extension in export.NAMES and not request.args:
        return export.send(s3db, auth, prefix, name, request, response)
    output = serve(s3db, auth, prefix, name, request)
    if not isinstance(output, dict):
        return output
    response.view = output.pop("view")
    response.title = output["title"]
    return output
