"""Persons."""


def index():
    """Go to the module's main resource."""
    redirect(URL("pr", "person"))


def person():
    return rest_controller()


def contact():
    return rest_controller()


def address():
    return rest_controller()


def identity():
    return rest_controller()


def image():
    return rest_controller()


def note():
    return rest_controller()


def person_details():
    return rest_controller()


def person_availability():
    return rest_controller()
