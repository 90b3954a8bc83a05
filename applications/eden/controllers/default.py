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
    auth.s3_require_login()
    from s3.pages import refusal

    tablename = (request.args(-1) or "").partition(".")[0]
    if s3db.table(tablename) is None or not auth.s3_has_permission("read", tablename):
        raise refusal(
            403 if s3db.table(tablename) else 404, T("There is no such file, or it is not for you.")
        )
    return response.download(request, db)
