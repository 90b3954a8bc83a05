"""The functions of the synchronisation that the scheduler's worker can run."""

if settings.has_module("sync"):

    def sync_synchronize(repository_id, user_id=None, manual=False, attempt=0):
        """Synchronise a repository (see s3sync.worker.synchronise). It raises on failure: the task ends FAILED."""
        from s3sync.worker import synchronise as synchronise

        return synchronise.synchronize(repository_id, user_id=user_id, manual=manual, attempt=attempt)

    def sync_decide(key):
        """Resolve many kept versions by a rule (see s3sync.conflicts.resolve_many)."""
        from s3sync.conflicts import resolve_many as resolve_many

        return resolve_many.decide(key)

    def sync_archive(dataset_id):
        """Make the archive of a data set (see s3sync.administration.dataset_archive)."""
        from s3sync.administration import dataset_archive as dataset_archive
        from s3sync.site import Site

        return dataset_archive.build(Site.from_current(), dataset_id)

    def sync_tidy():
        """Remove old log entries, runs and decided versions (see s3sync.worker.cleanup)."""
        from s3sync.site import Site
        from s3sync.worker import cleanup as cleanup

        cleanup.tidy(Site.from_current())

    def sync_notices():
        """Tell people what has to be told (see s3sync.worker.notices)."""
        from s3sync.site import Site
        from s3sync.worker import notices as notices

        return notices.send(Site.from_current())

    def sync_changes():
        """Return what begins jobs once something has changed here (see s3sync.worker.on_change)."""
        from functools import partial

        from s3sync.site import Site
        from s3sync.worker import on_change as on_change

        watch, site = on_change.Watch(scheduler.look_again), Site.from_current()
        return scheduler.with_glance(partial(watch.look, site), partial(watch.has_moved, site))

    def sync_listening():
        """Return what begins jobs once something has changed at another site (see s3sync.worker.listening)."""
        from functools import partial

        from s3sync.site import Site
        from s3sync.worker import listening as listening

        watch = listening.Watch(scheduler.wake, lambda: scheduler.is_a_ticker)
        return partial(watch.look, Site.from_current())

    def sync_notice_watch():
        """Return what looks once a minute what people have to be told (see s3sync.worker.notices)."""
        from functools import partial

        from s3sync.site import Site
        from s3sync.worker import notices as notices

        return partial(notices.Watch().look, Site.from_current())

    def sync_summary_watch():
        """Return what stores the states of many repositories once a minute (see s3sync.worker.summaries)."""
        from functools import partial

        from s3sync.site import Site
        from s3sync.worker import summaries as summaries

        return partial(summaries.Watch().look, Site.from_current())

    # The workers of a complete Eden only do what is queued.
    if hasattr(current, "scheduler_watches"):
        current.scheduler_watches += [sync_changes, sync_listening, sync_notice_watch, sync_summary_watch]
    tasks.update(
        sync_synchronize=sync_synchronize,
        sync_decide=sync_decide,
        sync_archive=sync_archive,
        sync_tidy=sync_tidy,
        sync_notices=sync_notices,
    )
