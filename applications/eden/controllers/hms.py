"""Hospitals."""


def index():
    """Go to the module's main resource."""
    redirect(URL("hms", "hospital"))


def hospital():
    return rest_controller()


def status():
    return rest_controller()


def bed_capacity():
    return rest_controller()
