"""Home, log-in, files."""


def index():
    """What there is here, and what to do next."""
    modules = [
        (name, module)
        for name, module in settings.modules.items()
        if module.module_type and auth.s3_has_module_access(name)
    ]
    administrator = auth.s3_logged_in() and auth.s3_has_role("Administrator")
    return {
        "title": settings.get_system_name(),
        "modules": modules,
        "administrator": administrator,
        "can_synchronise": administrator and settings.has_module("sync"),
    }


def user():
    """Log in, log out, own profile and password."""
    titles = {"login": T("Log in"), "profile": T("Profile"), "change_password": T("Change password")}
    from s3.rest_controller import form_rows

    auth.settings.formstyle = form_rows
    return {"title": titles.get(request.args(0), T("User")), "form": auth()}


def download():
    """A file of an upload field, for users who may read the record's table."""
    from s3.pages import refusal

    if not (auth.s3_logged_in() or request.env.http_authorization):
        # An Eden fetches files of records without credentials and follows redirections: it would store the
        # login page as the file.
        raise refusal(403, T("Log in to see this file."))
    auth.s3_require_login()
    tablename, _, rest = (request.args(-1) or "").partition(".")
    table = s3db.table(tablename)
    fieldname = rest.partition(".")[0]
    if table is None or fieldname not in table.fields or table[fieldname].type != "upload":
        raise refusal(404, T("There is no such file."))
    if not auth.s3_has_permission("read", table):
        raise refusal(403, T("Your roles do not allow it. Ask an administrator for access."))
    return response.download(request, db)
