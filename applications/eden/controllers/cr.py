"""Shelters."""


def index():
    """Go to the module's main resource."""
    redirect(URL("cr", "shelter"))


def shelter():
    return rest_controller()


def shelter_type():
    return rest_controller()


def shelter_service():
    return rest_controller()


def shelter_details():
    return rest_controller()


def shelter_unit():
    return rest_controller()
