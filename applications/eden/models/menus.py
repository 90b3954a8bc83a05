"""The menu, with the modules that this user may see."""

from s3sync.ui.program_requests import is_interface

if not is_interface(request):
    response.menu = [(T("Home"), request.controller == "default", URL("default", "index"), [])]
    if auth.s3_logged_in():
        for _name, _module in sorted(settings.modules.items(), key=lambda item: item[1].module_type or 0):
            if _module.module_type and auth.s3_has_module_access(_name):
                response.menu.append(
                    (_module.name_nice, request.controller == _name, URL(_name, "index"), [])
                )
        if settings.has_module("sync"):
            response.menu.append(
                (T("Bin"), (request.controller, request.function) == ("sync", "bin"), URL("sync", "bin"), [])
            )
        if auth.s3_has_module_access("admin"):
            _administration = [
                (T("Users"), request.function.startswith("user"), URL("admin", "users"), []),
            ]
            if auth.s3_has_module_access("sync"):
                _is_notice = (request.controller, request.function) == ("sync", "notice")
                _administration[:0] = [
                    (
                        T("Synchronization"),
                        request.controller == "sync" and not _is_notice,
                        URL("sync", "index"),
                        [],
                    ),
                    (T("Notices"), _is_notice, URL("sync", "notice"), []),
                ]
            response.menu.append(
                (
                    T("Administration"),
                    request.controller == "admin"
                    or (request.controller == "sync" and request.function != "bin"),
                    URL("admin", "index"),
                    _administration,
                )
            )

    # The module's resources, shown below the menu.
    response.submenu = {
        "org": (
            "organisation",
            "office",
            "facility",
            "organisation_type",
            "sector",
            "office_type",
            "facility_type",
        ),
        "gis": ("location",),
        "pr": ("person",),
        "hrm": ("human_resource", "job_title", "department", "shift_template"),
        "cr": ("shelter", "shelter_type", "shelter_service"),
        "hms": ("hospital",),
        "doc": ("document", "image"),
        "event": ("incident", "event", "incident_type"),
    }.get(request.controller, ())
