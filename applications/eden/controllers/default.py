"""Home page, login, files."""


def index():
    """Show the home page: the modules, and what to do next."""
    from gluon import current

    modules = [
        (name, module)
        for name, module in settings.modules.items()
        if module.module_type and auth.s3_has_module_access(name)
    ]
    administrator = auth.s3_logged_in() and auth.s3_has_role("Administrator")
    can_synchronise = administrator and settings.has_module("sync")
    states, sites = [], []
    if auth.s3_logged_in() and settings.has_module("sync"):
        from s3sync.site.scoping import scopes
        from s3sync.web.screens.overview import sites_of, states_of

        # The account of another site that has a scope here learns nothing of the others.
        is_told = can_synchronise or not scopes.is_bound(current.sync_site)
        states = states_of(current.sync_site, T) if is_told else []
        sites = sites_of(current.sync_site, T) if is_told and not can_synchronise else []
    return {
        "title": settings.get_system_name(),
        "modules": modules,
        "administrator": administrator,
        "can_synchronise": can_synchronise,
        "states": states,
        "sites": sites,
        "typed": current.form_keeper.unseen(s3db),
    }


def user():
    """Let users log in and out, and change their own profile and password."""
    from s3sync.ui import sent_forms as sent_forms
    from s3sync.ui.refusals import refusal

    titles = {
        "login": T("Log in"),
        "logout": T("Log out"),
        "profile": T("Profile"),
        "change_password": T("Change password"),
        "register": T("Register"),
        "not_authorized": T("This is not for you"),
    }
    action = request.args(0) or "login"
    if action not in titles or action in auth.settings.actions_disabled:
        raise refusal(404, T("The address leads nowhere. Check it, or find the page by the menu."))
    if action == "not_authorized":
        raise refusal(403, T("Your roles do not allow it. Ask an administrator for access."))
    if request.post_vars.id and str(request.post_vars.id) != str(auth.user_id):
        raise refusal(403, T("This is somebody else's profile."))
    auth.s3_prepare_forms(T)
    sent_forms.admit(request, session)
    form = auth()
    sent_forms.explain(form, request, T)
    for name, purpose in (
        ("email", "username"),
        ("password", "current-password"),
        ("old_password", "current-password"),
        ("new_password", "new-password"),
        ("new_password2", "new-password"),
        ("first_name", "given-name"),
        ("last_name", "family-name"),
    ):
        for control in form.elements("input", _name=name):
            control["_autocomplete"] = purpose
    return {"title": titles[action], "form": form}


def problem():
    """Show that a page failed: routes.py leads here, with the number of the error report."""
    from s3.pages.failure_page import failure

    return failure(request.get_vars)


def choose():
    """Remember the reader's language or theme, and go back."""
    from s3.pages import reader_choices as reader_choices

    for what in ("language", "theme"):
        if request.get_vars[what]:
            reader_choices.choose(request, response, what, str(request.get_vars[what]))
    redirect(reader_choices.way_back(request.get_vars.back, URL("default", "index")))


def download():
    """Send the file of an upload field to users who may read the record's table."""
    from s3sync.database.files import holders, name_downloads
    from s3sync.ui.refusals import refusal

    if not (auth.s3_logged_in() or request.env.http_authorization):
        # Sahana Eden fetches the files of records without credentials and follows redirects: it would store
        # the login page as the file.
        raise refusal(403, T("Log in to see this file."))
    auth.s3_require_login()
    tablename, _, rest = (request.args(-1) or "").partition(".")
    table = s3db.table(tablename)
    fieldname = rest.partition(".")[0]
    if table is None or fieldname not in table.fields or table[fieldname].type != "upload":
        raise refusal(404, T("There is no such file."))
    if not auth.s3_has_permission("read", table):
        raise refusal(403, T("Your roles do not allow it. Ask an administrator for access."))
    if settings.has_module("sync"):
        from s3sync.site.scoping import scopes as scopes

        if scopes.is_bound(current.sync_site):
            raise refusal(403, T("The scope of your account does not allow it."))
    if not holders(table[fieldname], request.args(-1)):
        raise refusal(404, T("There is no such file."))
    name_downloads(table[fieldname])
    return response.download(request, db)
