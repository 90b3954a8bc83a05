"""Synchronisation: the interface for other sites, and the administrator's screens."""

from s3.pages import refusal

if not settings.has_module("sync"):
    raise refusal(404, T("The module it belongs to is not enabled at this site."))

_interface = request.function in ("sync", "file") or (
    request.function == "repository" and request.args(0) == "register"
)
if not _interface:
    # Only administrators come further; accounts of other sites use the interface.
    auth.s3_require_login()
    auth.s3_require_module("sync")


# --- for other sites ---------------------------------------------------------------------------------------


def sync():
    """Pull and push of other sites: /sync/sync.xml."""
    from s3sync import rest

    if request.extension == "html" and request.env.request_method == "GET":
        redirect(URL("sync", "index"))
    return rest.sync_request(request, response)


def file():
    """Uploaded files from and to other sites: /sync/file/<stored name>."""
    from s3sync import rest

    return rest.file_request(request, response)


def repository():
    """Register: /sync/repository/register.json; everything else is for people."""
    if request.args(0) == "register":
        from s3sync import rest

        return rest.register_request(request, response)
    if not request.args:
        redirect(URL("sync", "index"))
    if request.args(0) == "create":
        return _create_repository()
    return _repository_tab()


# --- for administrators ------------------------------------------------------------------------------------


def index():
    """All repositories: are we in step, since when, what is wrong."""
    from s3sync import decisions, jobs

    table = db.sync_repository
    rows = db(table.deleted == False).select(orderby=table.name)  # noqa: E712
    runs = {}
    newest = db.sync_run.id.max()
    for found in db(db.sync_run).select(newest, groupby=db.sync_run.repository_id):
        run = db.sync_run(found[newest])
        runs[run.repository_id] = run
    upcoming = {
        row.id: min(
            (
                each.scheduler_task.next_run_time
                for each in jobs.jobs_of(db, row.id)
                if each.scheduler_task.enabled
            ),
            default=None,
        )
        for row in rows
    }
    stale_after = settings.get_sync_lease_seconds()
    return {
        "title": T("Synchronization"),
        "live": {row.id: jobs.live_run(db, row.id, stale_after) for row in rows},
        "rows": rows,
        "runs": runs,
        "undecided": decisions.undecided(current.sync_site),
        "upcoming": upcoming,
        "workers": jobs.workers_alive(db),
        "command": f"python web2py.py -K {request.application} -Q",
    }


def config():
    """This site's identifier and proxy."""
    from s3sync import screens

    form = screens.settings_form(current.sync_site, T)
    if form.process(formname="config", message_onsuccess=None).accepted:
        screens.save_settings(current.sync_site, form.vars)
        session.flash = T("Saved")
        redirect(URL("sync", "config"))
    return {"title": T("Synchronization Settings"), "form": form, "address": current.sync_site.base_url}


def log():
    """The log of all repositories, or one entry."""
    from s3sync import decisions, screens

    if request.args(0):
        entry = _record(db.sync_log, request.args(0))
        response.view = "sync/entry.html"
        return {"title": T("Log Entry"), "entry": entry}
    page = screens.log_page(current.sync_site, request.get_vars)
    return {
        "title": T("Synchronization Log"),
        "page": page,
        "repositories": db(db.sync_repository).select(orderby=db.sync_repository.name),
        "undecided": decisions.undecided(current.sync_site),
    }


def kept():
    """The versions that did not become the record: all that match, or one with what can be decided."""
    from s3sync import decisions

    if request.args(0):
        return _kept_version(_record(db.sync_kept, request.args(0)))
    return {
        "title": T("Conflicts and rejected records"),
        "page": decisions.kept_page(current.sync_site, request.get_vars),
        "state": decisions.chosen_state(request.get_vars),
        "resources": decisions.kept_resources(current.sync_site),
        "repositories": db(db.sync_repository).select(orderby=db.sync_repository.name),
    }


def _kept_version(row):
    """Show one version beside the other; decide, and tell what became of it."""
    from s3sync import decisions, resolution, screens
    from s3sync.errors import SyncError

    site = current.sync_site
    accept = screens.action_button("accept", T("Keep it as it is"))
    ours = screens.action_button("ours", T("Use our version"))
    again = row.kind == "rejected"
    theirs = screens.action_button("theirs", T("Try again") if again else T("Use the other site's version"))
    here = URL("sync", "kept", args=[row.id])
    if row.state == "open" and screens.pressed(accept, "accept", session):
        resolution.accept(site, row.id, auth.user_id)
        session.flash = T("The record stays as it is.")
        redirect(here)
    for side, form in (("ours", ours), ("theirs", theirs)):
        if screens.pressed(form, side, session):
            try:
                report = resolution.restore(site, row.id, side, auth.user_id)
                session.flash = decisions.told(T, report)
            except SyncError as error:
                session.flash = T("Nothing was changed: %s") % error.explain()
            redirect(here)
    response.view = "sync/version.html"
    return {
        "title": T("Two versions of a record")
        if row.kind == "conflict"
        else T("A version that was not taken"),
        "row": row,
        "case": decisions.case(site, T, row),
        "accept": accept,
        "ours": ours,
        "theirs": theirs,
    }


def _record(table, record_id):
    """Return a record by the id in the URL, or answer 404."""
    from s3sync.screens import whole_number

    number = whole_number(record_id)
    record = table(number) if number else None
    if record is None or record.get("deleted"):
        raise refusal(404, T("There is no such record. It may have been deleted."))
    return record


def _create_repository():
    from s3sync import screens

    form = screens.repository_form(current.sync_site, T, None)
    if form.process(formname="repository", message_onsuccess=None).accepted:
        repository_id = screens.save_repository(current.sync_site, None, form.vars)
        db.commit()
        redirect(URL("sync", "repository", args=[_register(repository_id), "task"]))
    response.view = "sync/form.html"
    return {"title": T("Add Repository"), "form": form, "back": URL("sync", "index")}


def _register(repository_id):
    """Introduce this site to a repository and tell the person how that went; return the repository."""
    from s3sync.registration import introduce

    if not db.sync_repository(repository_id).url:
        session.flash = T("Saved. Without a URL this site waits for the other one to begin.")
        return repository_id
    outcome = introduce(current.sync_site, repository_id)
    if outcome.succeeded:
        session.flash = T("Saved, and registered at the other site: %s") % outcome.registration.message
        skew = outcome.registration.skew
        if skew is not None and abs(skew) > settings.get_sync_clock_warning():
            session.flash = T("Registered, but the clocks of the two sites differ by %s seconds.") % round(
                abs(skew)
            )
    else:
        session.flash = T("Saved, but the registration failed: %s") % outcome.error.explain()
    return outcome.repository_id


def _repository_tab():
    record = _record(db.sync_repository, request.args(0))
    tab = request.args(1) or "update"
    tabs = {
        "update": _tab_update,
        "task": _tab_task,
        "job": _tab_job,
        "kept": _tab_kept,
        "log": _tab_log,
        "now": _tab_now,
    }
    if tab not in tabs:
        raise refusal(404, T("There is no such page."))
    output = tabs[tab](record)
    output.setdefault("title", record.name)
    output.update(record=record, tab=tab)
    return output


def _tab_update(record):
    from s3sync import screens

    site = current.sync_site
    form = screens.repository_form(site, T, record)
    register = screens.action_button("register", T("Register again"))
    delete = screens.action_button("delete", T("Delete repository"), danger=True)
    if form.process(formname="repository", message_onsuccess=None).accepted:
        screens.save_repository(site, record, form.vars)
        db.commit()
        redirect(URL("sync", "repository", args=[_register(record.id)]))
    if screens.pressed(register, "register", session):
        redirect(URL("sync", "repository", args=[_register(record.id)]))
    if screens.pressed(delete, "delete", session):
        screens.delete_repository(site, record)
        session.flash = T("The repository was deleted. The records that it brought stay.")
        redirect(URL("sync", "index"))
    response.view = "sync/update.html"
    return {"form": form, "register": register if record.url else "", "delete": delete}


def _tab_task(record):
    from s3sync import screens

    site = current.sync_site
    if request.args(2) is None:
        response.view = "sync/tasks.html"
        tasks = site.task_rows(record.id)
        titles = screens.resource_names(site)
        filters = {
            row.id: screens.filters_text(site.task_filters(row.id, row.resource_name)) for row in tasks
        }
        return {"tasks": tasks, "titles": titles, "filters": filters}
    task = None if request.args(2) == "create" else _record(db.sync_task, request.args(2))
    if task is not None and task.repository_id != record.id:
        raise refusal(404, T("There is no such record. It may have been deleted."))
    form = screens.task_form(site, T, record, task)
    back = URL("sync", "repository", args=[record.id, "task"])
    if form.process(formname="task", message_onsuccess=None, onvalidation=screens.check_task(site)).accepted:
        screens.save_task(site, record, task, form.vars)
        session.flash = T("Saved")
        redirect(back)
    delete = reset = ""
    if task is not None:
        delete = screens.action_button("delete", T("Exchange it no more"), danger=True)
        reset = screens.action_button("reset", T("Compare everything again"))
        if screens.pressed(delete, "delete", session):
            screens.delete_task(site, record, task)
            session.flash = T("The resource is not exchanged any more. Its records stay.")
            redirect(back)
        if screens.pressed(reset, "reset", session):
            from s3sync import local

            local.reset(site, record.id, task.resource_name)
            session.flash = T("The next synchronization compares all records.")
            redirect(back)
    response.view = "sync/task.html"
    return {"task": task, "form": form, "back": back, "delete": delete, "reset": reset}


def _tab_job(record):
    from s3sync import jobs, screens

    site = current.sync_site
    back = URL("sync", "repository", args=[record.id, "job"])
    if request.args(2) is None:
        response.view = "sync/jobs.html"
        return {
            "jobs": screens.job_rows(site, record.id),
            "workers": jobs.workers_alive(db),
            "command": f"python web2py.py -K {request.application} -Q",
        }
    job = task = None
    if request.args(2) != "create":
        job = _record(db.sync_job, request.args(2))
        task = db.scheduler_task(job.scheduler_task_id)
        if job.repository_id != record.id:
            raise refusal(404, T("There is no such record. It may have been deleted."))
    delete = reset = ""
    if job is not None:
        delete = screens.action_button("delete", T("Remove from the schedule"), danger=True)
        reset = screens.action_button("reset", T("Run as soon as possible"))
        if screens.pressed(delete, "delete", session):
            jobs.remove_job(db, job.id)
            session.flash = T("Removed from the schedule.")
            redirect(back)
        if task is not None and screens.pressed(reset, "reset", session):
            jobs.reset_job(db, job.id)
            session.flash = T("The job is queued.")
            redirect(back)
    form = screens.job_form(site, T, task)
    if (job is None or task is not None) and form.process(formname="job", message_onsuccess=None).accepted:
        screens.save_job(site, record, job.id if job is not None else None, form.vars)
        session.flash = T("Saved")
        redirect(back)
    response.view = "sync/job.html"
    return {"job": job, "task": task, "form": form, "back": back, "delete": delete, "reset": reset}


def _tab_kept(record):
    from s3sync import decisions

    response.view = "sync/repository_kept.html"
    return {
        "page": decisions.kept_page(current.sync_site, request.get_vars, record.id),
        "state": decisions.chosen_state(request.get_vars),
        "resources": decisions.kept_resources(current.sync_site),
    }


def _tab_log(record):
    from s3sync import decisions, screens

    response.view = "sync/repository_log.html"
    return {
        "page": screens.log_page(current.sync_site, request.get_vars, record.id),
        "undecided": decisions.undecided(current.sync_site, record.id),
    }


def _tab_now(record):
    from s3sync import jobs, screens

    start = screens.action_button("start", T("Synchronize now"))
    cancel = screens.action_button("cancel", T("Stop"), danger=True)
    here = URL("sync", "repository", args=[record.id, "now"])
    if screens.pressed(start, "start", session):
        jobs.start_now(db, request.application, record.id, auth.user_id, settings.get_sync_task_timeout())
        session.flash = T("The synchronization begins as soon as a worker is free.")
        redirect(here)
    if screens.pressed(cancel, "cancel", session):
        jobs.request_cancel(db, record.id)
        session.flash = T("It stops after the page that is being exchanged.")
        redirect(here)
    runs = db(db.sync_run.repository_id == record.id).select(orderby=~db.sync_run.id, limitby=(0, 10))
    queued = jobs.waiting(db, record.id)
    live = jobs.live_run(db, record.id, settings.get_sync_lease_seconds())
    running = db.sync_run(live) if live else None
    response.view = "sync/now.html"
    return {
        "start": start,
        "cancel": cancel if running else "",
        "runs": runs,
        "live": live,
        "running": running,
        "queued": queued,
        "workers": jobs.workers_alive(db),
        "command": f"python web2py.py -K {request.application} -Q",
        "tasks": len(current.sync_site.task_rows(record.id)),
    }
