"""Synchronisation, if the module is enabled: its tables, and the journal that records local changes."""

if settings.has_module("sync"):
    from functools import partial as _partial

    from s3sync.core.clock import SystemClock
    from s3sync.database.tables import define as sync_model
    from s3sync.administration import preferences as sync_preferences
    from s3sync.host.eden import EdenHost
    from s3sync.host.later_models import AskedHost
    from s3sync.site import Site as SyncSite
    from s3sync.site import own_deletions as sync_own_deletions

    _clock = SystemClock()
    sync_model.define(db, _clock, T)
    _host = request.env.http_host
    _of_host = (db, s3db, settings, auth, request.folder, lambda: sync_preferences.decided(db))
    current.sync_site = SyncSite(
        db,
        EdenHost(*_of_host) if put_off is None else AskedHost(put_off, *_of_host),
        request.folder,
        request.application,
        origin=f"{request.env.wsgi_url_scheme or 'http'}://{_host}" if _host else "",
        clock=_clock,
    )
    if put_off is None:
        current.sync_site.install()
    else:
        put_off.after(current.sync_site.install)
    s3db.is_possible = current.sync_site.is_possible
    s3db.empty = _partial(sync_own_deletions.empty, current.sync_site)
    s3db.on_deletion = _partial(sync_own_deletions.note, current.sync_site)
