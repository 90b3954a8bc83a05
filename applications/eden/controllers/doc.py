"""Documents and photos."""


def index():
    """The module's first page is its main resource."""
    redirect(URL("doc", "document"))


def document():
    return rest_controller()


def image():
    return rest_controller()
