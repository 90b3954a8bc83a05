"""Eden Sync in this Eden: its tables, the journal that records changes, and what the scheduler's worker can run.

It stands behind Eden's own tasks.py and takes the place of its task ``sync_synchronize``, which jobs name.
"""

if settings.has_module("sync"):
    from s3sync.administration import over_eden as _over_eden

    current.sync_site = _over_eden.open_site(
        db, s3db, settings, auth, request, T, workers=current.s3task.scheduler
    )

    if request.controller == "sync":
        from s3sync.ui import translations as _translations

        T = current.T = _translations.own_texts(T, request.folder)

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

    if current.sync_site is not None:
        tasks.update(
            sync_synchronize=sync_synchronize,
            sync_decide=sync_decide,
            sync_archive=sync_archive,
            sync_tidy=sync_tidy,
            sync_notices=sync_notices,
        )
