"""The daily cleanup of the synchronisation also removes what this application gathers beside its records."""

if settings.has_module("sync"):
    _tidy_synchronisation = sync_tidy

    def sync_tidy():
        """Remove old log entries, runs and decided versions, then old sessions, tickets and log-ins (see s3.upkeep)."""
        from s3.upkeep import tidy

        _tidy_synchronisation()
        tidy(db, request.folder, current.sync_site.host.settings.get_sync_log_days() * 86_400)

    tasks["sync_tidy"] = sync_tidy
