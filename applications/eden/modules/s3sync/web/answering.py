"""Who may ask the interface for programs, and how every error of a request becomes its reply."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from gluon import HTTP

from ..core.errors import (
    ConfigurationError,
    InternalError,
    MethodNotAllowed,
    ModuleDisabled,
    NotAuthenticated,
    NotPermitted,
    StoreBusy,
    SyncError,
)
from ..core.limits import LONGEST_RESOURCE
from ..core.task import Activity, LogAction, Result, log_mode
from ..database.log import INCOMING
from ..exchange.scope import NotInScope
from ..passive.begun import BegunExchanges
from ..passive.contact import is_own
from ..site import Repository, Site
from ..wire.protocol.replies import RecordChanged, failure
from .bodies import asking
from .busy_database import busy_of
from .etags import written

REALM = "eden"
#: Seconds after which a request may be sent again after a transient failure.
RETRY_AFTER = 10
#: Seconds that a request waits for the database while another process has it locked.
PATIENCE = 4.0
logger = logging.getLogger("eden.sync")


@contextlib.contextmanager
def answering(request: Any, activity: Activity | None = None) -> Iterator[Site]:
    """Yield the site for a request, and turn every error into its reply.

    Args:
        request: web2py's.
        activity: what the log has to say of an error, None if it does not belong into the log.
    """
    # web2py would replace the body of a 500 by a page, which reads the body of the request once more.
    request.wsgi.environ["__ROUTES_ONERROR__"] = True
    try:
        with contextlib.ExitStack() as patient, _replying(request, activity, patient) as site:
            yield site
    except StoreBusy as lost:
        # At the end of the patience: what is open then is committed.
        _refuse(None, request, activity, lost)


@contextlib.contextmanager
def _replying(request: Any, activity: Activity | None, patient: contextlib.ExitStack) -> Iterator[Site]:
    site: Site | None = None
    try:
        try:
            site = Site.from_current()
        except ConfigurationError as error:
            raise ModuleDisabled(
                "The interface for programs belongs to the module sync, which is not enabled at this site.",
                hint=error.hint,
            ) from error
        patient.enter_context(site.store.patience(PATIENCE))
        check_origin(site, request)
        yield site
    except SyncError as error:
        _refuse(site, request, activity, error)
    except HTTP:
        raise
    except Exception as error:
        busy = busy_of(error)
        if busy is not None:
            _refuse(site, request, activity, busy)
        # Left to web2py it would become a ticket with whatever the program had in hand, credentials too.
        logger.exception("%s %s failed", request.env.request_method, request.env.path_info)
        _refuse(site, request, activity, InternalError(f"Internal error: {type(error).__name__}"))


def check_origin(site: Site, request: Any) -> None:
    """Refuse writes of pages of other sites, which a browser sends with the Basic credentials that it remembers.

    Raises:
        NotPermitted: a browser says that another site has made this request.
    """
    env = request.env
    if env.request_method in ("GET", "HEAD"):
        return
    is_foreign = (env.http_sec_fetch_site or "none") not in ("none", "same-origin")
    if is_foreign or (env.http_origin and env.http_origin not in _origins(site, env.http_host)):
        raise NotPermitted(
            "A page of another site must not write here.", hint="Send it by a program, not by a browser."
        )


def _origins(site: Site, host: str | None) -> set[str]:
    own = urlsplit(site.base_url)
    return {f"{own.scheme}://{own.netloc}", *(f"{scheme}://{host}" for scheme in ("http", "https"))}


def _refuse(site: Site | None, request: Any, activity: Activity | None, error: SyncError) -> NoReturn:
    sender = None
    if isinstance(error, StoreBusy):
        # The log is in the same database: to write there would take as long once more.
        logger.warning("%s %s: %s", request.env.request_method, request.env.path_info, error)
    elif site is not None:
        try:
            site.db.rollback()
            _log_refusal(site, request, activity, error)
            sender = site.config().uuid if activity is Activity.REGISTER else None
        except Exception:
            # The database may be what failed.
            logger.exception("%s %s: the refusal could not be logged", request.env.request_method, error)
    if isinstance(error, NotAuthenticated):
        raise HTTP(
            401,
            "Authentication Required",
            **{"WWW-Authenticate": f'Basic realm="{REALM}"', "Content-Type": "text/plain; charset=utf-8"},
        )
    status, body = failure(error, sender)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RecordChanged) and error.tag is not None:
        headers["ETag"] = written(error.tag)
    if error.transient:
        headers["Retry-After"] = str(RETRY_AFTER)
    raise HTTP(status, json.dumps(body), **headers)


def _log_refusal(site: Site, request: Any, activity: Activity | None, error: SyncError) -> None:
    """Log a refused request of another site, unless it is unknown: strangers must not fill the log."""
    logger.warning("%s %s: %s", request.env.request_method, request.env.path_info, error)
    if activity is None or isinstance(error, (NotAuthenticated, NotPermitted)):
        return
    if request.get_vars.get("look") == "1":
        # A dry run stores nothing.
        return
    repository = site.known_repository(asking(request))
    resource = request.get_vars.get("resource")
    actions = {Activity.PULL: LogAction.SEND, Activity.PUSH: LogAction.RECEIVE}
    action = actions.get(activity, LogAction.REQUEST)
    log = site.log(repository.id if repository else None, INCOMING)
    named = resource[:LONGEST_RESOURCE] if isinstance(resource, str) else None
    if isinstance(error, NotInScope):
        # Nothing failed here: an administrator of this site wants it so. A site that asks again and again is told of
        # once a day.
        if repository is None or not _was_told(site, repository, named, log_mode(activity, INCOMING)):
            log.task(named, activity, action, Result.WARNING, error.said)
    else:
        log.error(named, activity, action, error)
        # Another account may have named it.
        if repository is not None and is_own(repository):
            with site.store.aside():
                BegunExchanges(repository).refused(error)


def _was_told(site: Site, repository: Repository, resource: str | None, mode: str) -> bool:
    """Return whether the last day's log says that a repository is not allowed something."""
    table = site.db.sync_log
    query = (table.repository_id == repository.id) & (table.resource_name == resource) & (table.mode == mode)
    query &= (table.result == Result.WARNING.value) & (table.timestmp > site.clock.now() - timedelta(days=1))
    return not site.db(query).isempty()


def checked_method(request: Any, allowed: tuple[str, ...]) -> str:
    """Return the method of a request.

    Raises:
        MethodNotAllowed: the address does not have it.
    """
    method: str = request.env.request_method
    if method not in allowed:
        raise MethodNotAllowed(
            f"{method} is not answered here.", hint=f"Use {' or '.join(allowed)}.", allowed=allowed
        )
    return method
