"""Which application answers at the root of this site, and what people see when it fails. Written by the launcher.

A web2py of your own: copy this file beside its web2py.py, or take over routes_onerror and the two messages.
"""

import configparser
import re
from urllib.parse import urlsplit

from gluon.fileutils import abspath

default_application = "eden"
default_controller = "default"
default_function = "index"

# Below a path of a reverse proxy every address that goes out begins with it: that of public_url in the configuration.
# modules/s3sync/web/front/prefix.py takes it off those that come in.
_configuration = configparser.ConfigParser(interpolation=None, strict=False)
_configuration.read(abspath("applications", default_application, "private", "appconfig.ini"), "utf-8")
_prefix = urlsplit(_configuration.get("site", "public_url", fallback="")).path.rstrip("/")
if not re.fullmatch(r"(?:/[\w.~-]+)+", _prefix, re.ASCII) or _prefix.split("/")[1] == default_application:
    _prefix = ""
if _prefix:
    routes_out = [(r"^.*?:https?://[^ ]*:[a-z]+ (?P<path>/.*)$", _prefix + r"\g<path>")]

# A page of the application tells what happened; where it cannot even show pages, the message below does.
routes_onerror = [("eden/500", "/eden/default/problem")]

_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{heading}</title>'
    '<link rel="icon" href="{prefix}/eden/static/sync/eden.svg" type="image/svg+xml">'
    '<link rel="stylesheet" href="{prefix}/eden/static/sync/plain.css"></head>'
    "<body><main><h1>{heading}</h1>{text}"
    '<p><a class="btn" href="{prefix}/">To the home page</a></p></main></body></html>'
)
error_message = _PAGE.format(
    prefix=_prefix,
    heading="This request cannot be understood",
    text="<p>The address leads nowhere here: check it, or begin at the home page.</p><p>%s</p>",
)
error_message_ticket = _PAGE.format(
    prefix=_prefix,
    heading="Something went wrong here",
    text="<p>Nothing of what you sent was stored. Try again in a few minutes. If it happens again, give an "
    "administrator of this site the number of the report, which names its file in the folder errors of the "
    "application:</p><p><code>%(ticket)s</code></p>",
)
