"""This site's modules and settings. The models that follow build on it."""

from collections import OrderedDict

from gluon import current
from gluon.storage import Storage
from s3.pages import reader_choices as reader_choices
from s3sync.ui import program_requests as program_requests
from s3.settings import S3Settings

if request.controller != "sync":  # for those, models/0000_sync.py has done it
    program_requests.prepare(request, response, session)
# The language files belong to the project: web2py must not write missing texts into them.
T.is_writable = False
_language = reader_choices.chosen(request, "language")
if _language:
    T.force(_language)
response.theme = reader_choices.chosen(request, "theme") or "system"

settings = deployment_settings = current.deployment_settings = S3Settings(request.folder)

# A module that is not listed here does not exist: no page, no table, no menu entry.
#   restricted: only users with one of the roles in ``access`` see it. access="|1|" is Administrators (1),
#   access="|2|" is everybody who is logged in. module_type: place in the menu, 0 none, 10 last.
settings.modules = deployment_settings.modules = OrderedDict(
    [
        (
            "default",
            Storage(name_nice=T("Home"), description=T("Home"), restricted=False, access=None, module_type=0),
        ),
        (
            "admin",
            Storage(
                name_nice=T("Administration"),
                description=T("Site Administration"),
                restricted=True,
                access="|1|",
                module_type=0,
            ),
        ),
        (
            "sync",
            Storage(
                name_nice=T("Synchronization"),
                description=T("Synchronization"),
                restricted=True,
                access="|1|",
                module_type=0,
            ),
        ),
        (
            "gis",
            Storage(
                name_nice=T("Locations"),
                description=T("Countries, districts and places"),
                restricted=True,
                access="|2|",
                module_type=9,
            ),
        ),
        (
            "pr",
            Storage(
                name_nice=T("Persons"),
                description=T("People with contacts, addresses and identities"),
                restricted=True,
                access="|2|",
                module_type=2,
            ),
        ),
        (
            "org",
            Storage(
                name_nice=T("Organizations"),
                description=T("Who is doing what, and from where"),
                restricted=True,
                access="|2|",
                module_type=1,
            ),
        ),
        (
            "hrm",
            Storage(
                name_nice=T("Staff"),
                description=T("Staff and volunteers"),
                restricted=True,
                access="|2|",
                module_type=3,
            ),
        ),
        (
            "doc",
            Storage(
                name_nice=T("Documents"),
                description=T("Documents and photos"),
                restricted=True,
                access="|2|",
                module_type=8,
            ),
        ),
        (
            "cr",
            Storage(
                name_nice=T("Shelters"),
                description=T("Shelters and their capacity"),
                restricted=True,
                access="|2|",
                module_type=4,
            ),
        ),
        (
            "hms",
            Storage(
                name_nice=T("Hospitals"),
                description=T("Hospitals and their beds"),
                restricted=True,
                access="|2|",
                module_type=5,
            ),
        ),
        (
            "event",
            Storage(
                name_nice=T("Incidents"),
                description=T("Events and incidents"),
                restricted=True,
                access="|2|",
                module_type=6,
            ),
        ),
    ]
)
