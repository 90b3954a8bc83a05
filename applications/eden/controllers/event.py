"""Events and incidents."""


def index():
    """Go to the module's main resource."""
    redirect(URL("event", "incident"))


def event():
    return rest_controller()


def incident():
    return rest_controller()


def incident_type():
    return rest_controller()
