"""Runs inside an Eden with Eden Sync: tells what callbacks make of records, as ``doctor --callbacks`` does."""

from s3sync.host.derived import Finder
from s3sync.site import Site

site = Site.from_current()
site.host.act_for_the_site()
found = Finder(db, site.schema, site.store).find()
answer(
    {
        "tables": found.tables,
        "records": found.records,
        "fields": [[*each, number] for each, number in found.fields.items()],
        "rows": [[*each, number] for each, number in found.rows.items()],
        "failed": found.failed,
    }
)
