"""Synchronisation: the interface for other sites, and the administrator's screens."""

from s3sync.ui.program_requests import is_protocol, is_watch
from s3sync.ui.refusals import refusal

if not settings.has_module("sync"):
    raise refusal(404, T("The module it belongs to is not enabled at this site."))

if getattr(current, "sync_site", None) is None:
    # Over an Eden: its files are laid, but nothing has prepared the database.
    raise refusal(503, T("The synchronization is not prepared here yet: run ./eden-sync install."))

_public = request.function in ("datasets", "archive")
if request.function in ("changes", "bin"):
    from s3sync.site.scoping import scopes as _scopes

    _public = _scopes.shows_to_readers(current.sync_site)
if not (is_protocol(request) or is_watch(request) or _public):
    # The screens are for administrators only; accounts of other sites use the interface.
    if not current.sync_site.host.may_administer():
        current.sync_site.host.forbid()


# --- for other sites ---------------------------------------------------------------------------------------


def sync():
    """Answer pulls and pushes of other sites: /sync/sync.xml."""
    from s3sync.web import interface as interface

    if request.extension == "html" and request.env.request_method == "GET":
        redirect(URL("sync", "index"))
    return interface.sync_request(request, response)


def file():
    """Send uploaded files to other sites, and take theirs: /sync/file/<stored name>."""
    from s3sync.web import interface as interface

    return interface.file_request(request, response)


def download():
    """Send a file to an Eden, which uses no account for that: /sync/download/<until>/<signature>/<stored name>."""
    from s3sync.web import interface as interface

    return interface.download_request(request, response)


def part():
    """Take the body of a request part by part: /sync/part/<digest>."""
    from s3sync.web import interface as interface

    return interface.part_request(request, response)


def offer():
    """Answer what this site offers to another one: /sync/offer.json."""
    from s3sync.web import interface as interface

    return interface.offer_request(request, response)


def standing():
    """Take how the run of another site ended: /sync/standing.json."""
    from s3sync.web import interface as interface

    return interface.standing_request(request, response)


def news():
    """Tell another site what is new of all resources: /sync/news.json."""
    from s3sync.web import interface as interface

    return interface.news_request(request, response)


def pushes():
    """Take what is new of several resources at another site: /sync/pushes.json."""
    from s3sync.web import interface as interface

    return interface.pushes_request(request, response)


def listen():
    """Tell another site that listens as soon as something changes here: /sync/listen.json."""
    from s3sync.web import interface as interface

    return interface.listen_request(request, response)


def listeners():
    """Tell this site's own web server for which sites something has changed; nobody else can ask."""
    from s3sync.web import interface as interface

    return interface.listeners_request(request, response)


def join():
    """Take in a site that was invited: /sync/join.json; or take up an invitation, for administrators."""
    if request.extension == "json":
        from s3sync.web import interface as interface

        return interface.join_request(request, response)
    from s3sync.web.screens import join as join

    return join.page(_desk())


def health():
    """Tell how this site does, to whoever asks: /health."""
    from s3sync.web import watch as watch

    return watch.health_request(request, response, current.sync_site)


def metrics():
    """Tell the figures of this site to who has the key, or asks on this machine: /metrics."""
    from s3sync.web import watch as watch

    return watch.metrics_request(request, response, current.sync_site)


def task():
    """Tell which resources data sets have, to sites that subscribe: /sync/task.xml."""
    from s3sync.web import data_sets as data_sets

    return data_sets.task_request(request, response)


def resource_filter():
    """Tell which records of their resources data sets have, to sites that subscribe: /sync/resource_filter.xml."""
    from s3sync.web import data_sets as data_sets

    return data_sets.filter_request(request, response)


def repository():
    """Register a site at /sync/repository/register.json; all other addresses are screens."""
    if request.args(0) == "register":
        from s3sync.web import interface as interface

        return interface.register_request(request, response)
    if not request.args:
        redirect(URL("sync", "index"))
    if request.args(0) == "create":
        from s3sync.web.screens.repository import configuration as configuration

        return configuration.create(_desk())
    return _repository_tab()


# --- for everybody -----------------------------------------------------------------------------------------


def datasets():
    """Show what this site offers to other sites, and how to get it."""
    from s3sync.web.screens import datasets as datasets

    return datasets.public(_desk())


def archive():
    """Send the archive of a data set: /sync/archive/<code>; to sites that subscribe /sync/archive/<code>/tasks."""
    if request.args(1) == "tasks":
        from s3sync.web import data_sets as data_sets

        return data_sets.archive_request(request, response)
    from s3sync.web.screens import datasets as datasets

    return datasets.archive(_desk())


def changes():
    """Show the changes of a record to those who may read it: /sync/changes/<table>?uuid=..."""
    from s3sync.web.screens import record_history as record_history

    return record_history.changes(_desk())


def bin():
    """Show what was deleted and can be restored, to those who may read it; or one deletion: /sync/bin/<number>."""
    from s3sync.web.screens import bin as bin

    return bin.page(_desk())


# --- for administrators ------------------------------------------------------------------------------------


def index():
    """Show the state of all repositories: whether they are in sync, since when, what is wrong."""
    from s3sync.web.screens import overview as overview

    return overview.page(_desk())


def config():
    """Show and save this site's settings."""
    from s3sync.web.screens import settings as screens_settings

    return screens_settings.page(_desk())


def log():
    """Show the log of all repositories, or one entry."""
    from s3sync.web.screens import log as log

    return log.page(_desk())


def begun():
    """Show the exchanges that other sites began here."""
    from s3sync.web.screens.repository import begun as begun

    return begun.page(_desk())


def kept():
    """Show the kept versions that match, or one of them with the ways to resolve it."""
    from s3sync.web.screens import conflicts as conflicts

    return conflicts.page(_desk())


def dataset():
    """Show the data sets of this site, or edit one; tell them to sites that subscribe: /sync/dataset.xml."""
    if request.extension in ("xml", "s3json"):
        from s3sync.web import data_sets as data_sets

        return data_sets.dataset_request(request, response)
    from s3sync.web.screens import datasets as datasets

    return datasets.page(_desk())


def stick():
    """Show the memory sticks that are here; import from one, export to one; or how one exchange is sealed."""
    from s3sync.web.screens import stick as stick
    from s3sync.web.screens import stick_seal as stick_seal

    screen = _desk()
    if request.args:
        record = screen.repository(request.args(0))
        if record.apitype != stick.TYPE:
            raise refusal(404, T("There is no such page."))
        return stick_seal.page(screen, record)
    return stick.page(screen)


def invitation():
    """Invite a site, show the code of an invitation, or withdraw it."""
    from s3sync.web.screens import invite as invite

    return invite.page(_desk())


def scope():
    """Show what other sites may read and write here, or edit one scope."""
    from s3sync.web.screens import scopes as scopes

    return scopes.page(_desk())


def notice():
    """Show by which rules people are told, and what was told; make, change or test a rule."""
    from s3sync.web.screens import notices as notices

    return notices.page(_desk())


def history():
    """Show what the synchronisation knows of one record."""
    from s3sync.web.screens import record_history as record_history

    return record_history.page(_desk())


def _desk():
    from s3sync.web.screens.context import ScreenContext

    return ScreenContext(current.sync_site, T, request, response, session)


def _repository_tab():
    from s3sync.web.screens.repository.tabs import PAGES, shown

    screen = _desk()
    record = screen.repository(request.args(0))
    tab = request.args(1) or "overview"
    if tab not in PAGES or request.extension not in ("html", "json" if tab == "now" else "html"):
        raise refusal(404, T("There is no such page."))
    output = PAGES[tab](screen, record)
    if request.extension == "json":
        return output
    output.setdefault("title", record.name)
    output.update(shown(screen, record, tab))
    return output
