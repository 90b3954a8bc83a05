"""Shelters."""


def index():
    """The module's first page is its main resource."""
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
