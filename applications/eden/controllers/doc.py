"""Documents and photos."""


def index():
    """Go to the module's main resource."""
    redirect(URL("doc", "document"))


def document():
    return rest_controller()


def image():
    return rest_controller()
