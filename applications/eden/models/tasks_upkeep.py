"""What this application gathers beside its records is removed once a day, whatever modules it has."""


def tidy():
    """Remove old sessions, error tickets and log-ins (see s3.upkeep)."""
    from s3.upkeep import DAY, tidy
    from s3sync.host.ini import chosen_in
    from s3sync.host.settings import SyncSettings

    if settings.has_module("sync"):
        kept = current.sync_site.host.settings
    else:
        kept = SyncSettings(request.folder, chosen_in(settings))
    tidy(db, request.folder, kept.get_sync_log_days() * DAY)


tasks["tidy"] = tidy
