"""Runs inside an Eden with Eden Sync: enters another site, and exchanges resources with it in both directions.

``resources`` None stands for all tables; those whose records all come along as parts of others are no resources.
"""

from s3sync.active.registration import introduce
from s3sync.site import Site


def comes_along(component):
    """Return whether each record of a component has a master: others stay where only their masters are resources."""
    field = site.schema.table(component.table).fields[component.fkey]
    return component.travels and (field.required or field.notnull)


def without_parts(schema):
    """Return the fewest tables with which all others come along: parts of parts do not."""
    parts = {
        table.name: {each.table for each in table.components.values() if comes_along(each)}
        for table in schema
    }
    left, chosen = {each.name for each in schema if not each.is_super}, set()
    while left:
        inner = set().union(*(parts[name] - {name} for name in left))
        found = left - inner or left
        chosen |= found
        left -= found.union(*(parts[name] for name in found))
    return chosen


site = Site.from_current()
site.host.act_for_the_site()
names = asked["resources"]
if names is None:
    names = sorted(without_parts(site.schema))
key = db.sync_repository.insert(
    name="The other",
    apitype="eden",
    url=asked["url"],
    username=asked["email"],
    password=site.vault.seal(asked["password"]),
)
db.commit()
found = introduce(site, key)
assert found.error is None, found.error
for name in names:
    db.sync_task.insert(repository_id=key, resource_name=name, mode=3)
db.commit()
answer({"key": key, "resources": names})
