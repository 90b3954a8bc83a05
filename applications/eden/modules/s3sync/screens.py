"""The forms of the administrator's screens; the controller only says which one is shown where."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from gluon import FORM, INPUT, SQLFORM, Field
from gluon.validators import (
    IS_DATETIME,
    IS_EMPTY_OR,
    IS_IN_SET,
    IS_INT_IN_RANGE,
    IS_LENGTH,
    IS_NOT_EMPTY,
)

from . import jobs, local
from .adapters import adapter_types
from .errors import SyncError
from .filters import Filter, parse_filter_string, validate, write_filter
from .model import STRATEGIES
from .site import Site
from .transport import origin

Translate = Callable[[str], Any]
TABS = (
    ("update", "Configuration"),
    ("task", "Resources"),
    ("job", "Schedule"),
    ("kept", "Conflicts"),
    ("log", "Log"),
    ("now", "Manual Synchronization"),
)
UNITS = {60: "minutes", 3600: "hours", 86400: "days"}
LOG_PAGE = 50


class Page(NamedTuple):
    """A page of rows, and where it stands among the others."""

    rows: List[Any]
    number: int
    pages: int
    total: int


def action_button(
    name: str, label: Any, *, danger: bool = False, hidden: Optional[Dict[str, Any]] = None
) -> Any:
    """Return a form that is only a button: every change is a POST with web2py's form key."""
    kind = "danger" if danger else None
    return FORM(
        INPUT(_type="submit", _value=label, _class=kind),
        hidden=hidden or {},
        _class="delete-form" if danger else "action-form",
        _name=name,
    )


def pressed(form: Any, name: str, session: Any) -> bool:
    """Tell whether the button of an action form was pressed, with a valid form key."""
    accepted: bool = form.process(session=session, formname=name, message_onsuccess=None).accepted
    return accepted


def _factory(*fields: Field, table_name: str, T: Translate) -> Any:
    from s3.rest_controller import form_rows

    return SQLFORM.factory(*fields, formstyle=form_rows, submit_button=T("Save"), table_name=table_name)


# --- settings of this site -------------------------------------------------------------------------------


def settings_form(site: Site, T: Translate) -> Any:
    """Return the form of this site's identifier and proxy."""
    row = site.config()
    return _factory(
        Field(
            "uuid",
            label=T("UUID of this site"),
            default=row.uuid,
            requires=[IS_NOT_EMPTY(), IS_LENGTH(128)],
            comment=T(
                "Other sites know this one by it. After a change every repository has to be registered again."
            ),
        ),
        Field(
            "proxy",
            label=T("Proxy Server URL"),
            default=row.proxy,
            requires=IS_EMPTY_OR(_web_address(T)),
            comment=T("For all repositories that have none of their own"),
        ),
        table_name="config",
        T=T,
    )


def save_settings(site: Site, values: Any) -> None:
    """Store what was entered in the settings form."""
    site.config().update_record(uuid=values.uuid.strip(), proxy=values.proxy or None)


# --- a repository ------------------------------------------------------------------------------------------


def repository_form(site: Site, T: Translate, record: Any) -> Any:
    """Return the form of a repository; its password never goes to the browser.

    Args:
        site: this site.
        T: translates.
        record: the repository, None for a new one.
    """
    types = adapter_types()
    declared = types[record.apitype if record and record.apitype in types else "eden"].settings
    hints = {each.name: each for each in declared}

    def comment(name: str) -> Any:
        return T(hints[name].help) if name in hints and hints[name].help else None

    table = site.db.sync_repository
    others = site.db(table.id != record.id) if record else site.db
    fields = [
        Field(
            "name",
            label=T("Name"),
            default=record and record.name,
            requires=[IS_NOT_EMPTY(), IS_LENGTH(64)],
        ),
        Field(
            "apitype",
            label=T("Repository Type"),
            default=(record and record.apitype) or "eden",
            requires=IS_IN_SET({name: T(each.label) for name, each in types.items()}, zero=None),
        ),
        Field(
            "url",
            label=T("URL"),
            default=record and record.url,
            requires=IS_EMPTY_OR(_web_address(T)),
            comment=comment("url"),
        ),
        Field(
            "username", label=T("Username"), default=record and record.username, comment=comment("username")
        ),
        Field(
            "password",
            "password",
            label=T("Password"),
            requires=None,
            comment=T("Leave empty to keep the present one") if record and record.password else None,
        ),
        Field(
            "proxy",
            label=T("Proxy Server URL"),
            default=record and record.proxy,
            requires=IS_EMPTY_OR(_web_address(T)),
            comment=comment("proxy"),
        ),
        Field(
            "synchronise_uuids",
            "boolean",
            label=T("Synchronize UUIDs"),
            default=bool(record and record.synchronise_uuids),
            comment=T("Records that mean the same take over the identifier of the other site"),
        ),
    ]
    if record:
        fields.append(
            Field(
                "uuid",
                label=T("Repository UUID"),
                default=record.uuid,
                requires=[IS_NOT_EMPTY(), IS_LENGTH(128), _unique(others, table.uuid, T)],
                comment=T("How the other site identifies itself; filled in by the registration"),
            )
        )
    return _factory(*fields, table_name="repository", T=T)


def _web_address(T: Translate) -> Callable[..., Tuple[Any, Any]]:
    def check(value: Any, record_id: Any = None) -> Tuple[Any, Any]:
        try:
            origin(str(value))
        except SyncError:
            return value, T("Enter an address that begins with http:// or https://")
        return str(value).strip(), None

    return check


def _unique(rows: Any, field: Any, T: Translate) -> Callable[[Any], Tuple[Any, Any]]:
    def check(value: Any, record_id: Any = None) -> Tuple[Any, Any]:
        taken = not rows(field == value).isempty()
        return value, T("Another repository has this UUID already") if taken else None

    return check


def save_repository(site: Site, record: Any, values: Any) -> int:
    """Store what was entered in the repository form; return the repository."""
    entered = {name: values[name] or None for name in ("url", "username", "proxy")}
    entered.update(name=values.name, apitype=values.apitype, synchronise_uuids=bool(values.synchronise_uuids))
    if values.password:
        entered["password"] = site.vault.seal(values.password)
    if record is None:
        return int(site.db.sync_repository.insert(**entered))
    if values.uuid:
        entered["uuid"] = values.uuid.strip()
    record.update_record(**entered)
    return int(record.id)


def delete_repository(site: Site, record: Any) -> None:
    """Forget a repository with its tasks, schedule, log and positions; the records it brought stay."""
    for row in jobs.jobs_of(site.db, record.id):
        jobs.remove_job(site.db, row.sync_job.id)
    site.journal.forget_origin(record.id)
    site.checkpoints.forget(record.id)
    db = site.db
    db(db.sync_lease.repository_id == record.id).delete()
    db(db.sync_run.repository_id == record.id).delete()
    db(db.sync_deferred.repository_id == record.id).delete()
    db(db.sync_log.repository_id == record.id).delete()
    for task in db(db.sync_task.repository_id == record.id).select():
        db(db.sync_resource_filter.task_id == task.id).delete()
    db(db.sync_task.repository_id == record.id).delete()
    record.delete_record()


# --- a task -------------------------------------------------------------------------------------------------


def resource_names(site: Site) -> Dict[str, str]:
    """Return the tables that can be exchanged: name -> title with name."""
    names = {}
    for table in site.schema:
        if not table.is_super:
            title = site.s3db.get_config(table.name, "title")
            names[table.name] = f"{title} ({table.name})" if title else table.name
    return dict(sorted(names.items(), key=lambda item: str(item[1]).lower()))


def filters_text(filters: List[Filter]) -> str:
    """Return filters as they are entered: one a line."""
    return "\n".join("=".join(write_filter(each)) for each in filters)


def task_form(site: Site, T: Translate, repository: Any, record: Any) -> Any:
    """Return the form of a resource of a repository.

    Args:
        site: this site.
        T: translates.
        repository: the repository.
        record: the task, None for a new one.
    """
    table = site.db.sync_task
    others = [row for row in site.task_rows(repository.id) if not record or row.id != record.id]
    taken = {row.resource_name for row in others}
    names = {name: title for name, title in resource_names(site).items() if name not in taken}
    if record and record.resource_name not in names:
        names[record.resource_name] = record.resource_name

    def copy(name: str, **changes: Any) -> Field:
        field = table[name]
        default = record[name] if record else field.default
        options = {"label": field.label, "requires": field.requires, "default": default, **changes}
        return Field(name, field.type, **options)

    return _factory(
        Field(
            "resource_name",
            label=T("Resource"),
            default=record and record.resource_name,
            requires=IS_IN_SET(names, zero=None if record else "", sort=False),
        ),
        copy("mode"),
        copy("components", comment=T("Records that belong to a record travel with it")),
        copy("strategy", widget=SQLFORM.widgets.checkboxes.widget),
        copy("update_policy", comment=T("If a record was changed at the other site only, keep ...")),
        copy("conflict_policy", comment=T("If a record was changed at both sites, keep ...")),
        Field(
            "filters",
            "text",
            label=T("Filters"),
            default=filters_text(site.task_filters(record.id, record.resource_name)) if record else "",
            requires=IS_EMPTY_OR(IS_LENGTH(10000)),
            comment=T("One a line, e.g. ~.name__like=A* ; empty for all records"),
        ),
        table_name="task",
        T=T,
    )


def check_task(site: Site) -> Callable[[Any], None]:
    """Return what checks a task form beyond its single fields."""

    def check(form: Any) -> None:
        try:
            _entered_filters(site, form.vars.resource_name, form.vars.filters)
        except SyncError as error:
            form.errors.filters = error.explain()
        if not form.vars.strategy:
            form.errors.strategy = "Choose at least one."

    return check


def _entered_filters(site: Site, resource: str, text: Optional[str]) -> List[Filter]:
    found: List[Filter] = []
    for line in (text or "").splitlines():
        found += parse_filter_string(line)
    table = site.schema.table(resource)
    for each in found:
        validate(each, site.schema, table)
    return found


def save_task(site: Site, repository: Any, record: Any, values: Any) -> int:
    """Store what was entered in the task form; return the task. Other filters make it start over."""
    db = site.db
    strategy = values.strategy if isinstance(values.strategy, (list, tuple)) else [values.strategy]
    entered = {
        "resource_name": values.resource_name,
        "mode": int(values.mode),
        "components": bool(values.components),
        "strategy": [each for each in STRATEGIES if each in strategy],
        "update_policy": values.update_policy,
        "conflict_policy": values.conflict_policy,
    }
    wanted = _entered_filters(site, values.resource_name, values.filters)
    known = site.task_filters(record.id, record.resource_name) if record else []
    if record is None:
        task_id = int(db.sync_task.insert(repository_id=repository.id, **entered))
    else:
        task_id = int(record.id)
        former = (record.resource_name, record.components)
        record.update_record(**entered)
        if former != (entered["resource_name"], entered["components"]) or wanted != known:
            local.reset(site, repository.id, values.resource_name)
    if wanted != known:
        db(db.sync_resource_filter.task_id == task_id).delete()
        for each in wanted:
            name, value = write_filter(each)
            db.sync_resource_filter.insert(
                task_id=task_id,
                tablename=each.table or values.resource_name,
                filter_string=f"{name.partition(']')[2]}={value}",
            )
    return task_id


def delete_task(site: Site, repository: Any, record: Any) -> None:
    """Exchange a resource no more; the records stay."""
    local.reset(site, repository.id, record.resource_name)
    site.db(site.db.sync_resource_filter.task_id == record.id).delete()
    record.delete_record()


# --- the schedule -------------------------------------------------------------------------------------------


def job_form(site: Site, T: Translate, task: Any) -> Any:
    """Return the form of a job on the schedule.

    Args:
        site: this site.
        T: translates.
        task: the scheduler's task, None for a new job.
    """
    period = task.period if task else 900
    unit = max(each for each in UNITS if period % each == 0) if period % 60 == 0 else 60
    moment = IS_DATETIME(format=T("%Y-%m-%d %H:%M:%S"))
    return _factory(
        Field(
            "every",
            "integer",
            label=T("Run every"),
            default=max(1, period // unit),
            requires=IS_INT_IN_RANGE(1, 100000),
        ),
        Field(
            "unit",
            "integer",
            label=T("Unit"),
            default=unit,
            requires=IS_IN_SET({each: T(name) for each, name in UNITS.items()}, zero=None),
        ),
        Field(
            "start_time",
            "datetime",
            label=T("From (UTC)"),
            default=task and task.start_time,
            requires=IS_EMPTY_OR(moment),
            comment=T("Empty: from now on"),
        ),
        Field(
            "stop_time",
            "datetime",
            label=T("Until (UTC)"),
            default=task and task.stop_time,
            requires=IS_EMPTY_OR(moment),
            comment=T("Empty: without end"),
        ),
        Field("enabled", "boolean", label=T("Enabled"), default=task.enabled if task else True),
        table_name="job",
        T=T,
    )


def save_job(site: Site, repository: Any, job_id: Optional[int], values: Any) -> int:
    """Store what was entered in the job form; return the job."""
    period = int(values.every) * int(values.unit)
    start: Optional[datetime] = values.start_time or None
    stop: Optional[datetime] = values.stop_time or None
    enabled = bool(values.enabled)
    if job_id is not None:
        jobs.change_job(site.db, job_id, period=period, start=start, stop=stop, enabled=enabled)
        return job_id
    return jobs.add_job(
        site.db,
        site.application,
        repository.id,
        site.auth.user_id,
        period=period,
        timeout=site.settings.get_sync_task_timeout(),
        start=start,
        stop=stop,
        enabled=enabled,
    )


def job_rows(site: Site, repository_id: int) -> List[Dict[str, Any]]:
    """Return what the schedule of a repository shows: job, scheduler's task, last run."""
    db = site.db
    found = []
    for row in jobs.jobs_of(db, repository_id):
        run = (
            db(db.scheduler_run.task_id == row.scheduler_task.id)
            .select(orderby=~db.scheduler_run.id, limitby=(0, 1))
            .first()
        )
        reason = ""
        if run is not None and run.traceback:
            reason = run.traceback.strip().splitlines()[-1]
        found.append({"job": row.sync_job, "task": row.scheduler_task, "run": run, "reason": reason})
    return found


# --- the log ------------------------------------------------------------------------------------------------


def log_page(site: Site, variables: Any, repository_id: Optional[int] = None) -> Page:
    """Return the log entries that match what was asked for, newest first, a page at a time.

    Args:
        site: this site.
        variables: URL variables: page, repository, resource, mode, result.
        repository_id: only this repository, whatever the variables say.
    """
    db = site.db
    table = db.sync_log
    query = table.id > 0
    wanted = repository_id or whole_number(variables.get("repository"))
    if wanted:
        query &= table.repository_id == wanted
    if variables.get("resource"):
        query &= table.resource_name == str(variables["resource"])
    if variables.get("mode") in ("pull", "push", "register"):
        query &= table.mode.startswith(variables["mode"])
    if variables.get("result"):
        query &= table.result == str(variables["result"])
    return page_of(db, query, ~table.id, variables, LOG_PAGE)


def page_of(db: Any, query: Any, order: Any, variables: Any, length: int) -> Page:
    """Return the page of rows that is asked for, the last one if there are not so many.

    Args:
        db: the DAL.
        query: which rows.
        order: in which order.
        variables: URL variables, of them page.
        length: rows a page.
    """
    total = db(query).count()
    pages = max(1, -(-total // length))
    number = min(max(1, whole_number(variables.get("page")) or 1), pages)
    rows = db(query).select(orderby=order, limitby=((number - 1) * length, number * length))
    return Page(list(rows), number, pages, total)


def whole_number(value: Any) -> Optional[int]:
    """Return the number that a part of a URL is, None where it is none, or larger than any id."""
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
        else None
    )
