"""Locations."""


def index():
    """Go to the module's main resource."""
    redirect(URL("gis", "location"))


def location():
    return rest_controller()


def location_name():
    return rest_controller()


def location_tag():
    return rest_controller()
