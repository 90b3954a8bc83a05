"""Administration of this site."""

auth.s3_require_module("admin")


def index():
    """Show the administration's start page."""
    return {"title": T("Administration")}


def users():
    """List all users with their roles."""
    from s3.users.administration import users_page

    return {"title": T("Users"), **users_page(db, T, request.get_vars)}


def user():
    """Create or change a user: name, password, roles, whether the account is enabled."""
    from s3.users.administration import UserForm
    from s3sync.ui.refusals import refusal

    record = None
    if request.args:
        record = db.auth_user(request.args(0)) if str(request.args(0)).isdigit() else None
        if record is None:
            raise refusal(404, T("There is no such user."))
    screen = UserForm(db, T, record, own_id=auth.user_id)
    if screen.process():
        session.flash = T("Saved")
        redirect(URL("admin", "users"))
    return {"title": T("Edit user") if record else T("Add user"), "form": screen.form}
