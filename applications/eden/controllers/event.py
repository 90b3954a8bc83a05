"""Events and incidents."""


def index():
    """The module's first page is its main resource."""
    redirect(URL("event", "incident"))


def event():
    return rest_controller()


def incident():
    return rest_controller()


def incident_type():
    return rest_controller()
