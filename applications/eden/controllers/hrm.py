"""Staff and volunteers."""


def index():
    """Go to the module's main resource."""
    redirect(URL("hrm", "human_resource"))


def human_resource():
    return rest_controller()


def job_title():
    return rest_controller()


def department():
    return rest_controller()


def shift_template():
    return rest_controller()
