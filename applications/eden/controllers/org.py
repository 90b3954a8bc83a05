"""Organisations and their sites."""


def index():
    """Go to the module's main resource."""
    redirect(URL("org", "organisation"))


def organisation():
    return rest_controller()


def organisation_type():
    return rest_controller()


def organisation_organisation_type():
    return rest_controller()


def organisation_branch():
    return rest_controller()


def sector():
    return rest_controller()


def sector_organisation():
    return rest_controller()


def office():
    return rest_controller()


def office_type():
    return rest_controller()


def facility():
    return rest_controller()


def facility_type():
    return rest_controller()


def site_facility_type():
    return rest_controller()
