"""The counterpart of what an Eden does with somebody's post: affiliations, realm, whereabouts and place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from . import affiliations
from .affiliations import Affiliations
from .counterpart import Counterpart
from .realms import set_realm
from .rows import insert, is_true, read, update

STAFF, VOLUNTEER = "Staff", "Volunteer"
#: The kind of a post that is no volunteer's, and the state of one that is held.
_EMPLOYEE, _ACTIVE = 1, 1
_READ = ("id", "type", "status", "person_id", "organisation_id", "site_id", "site_contact", "deleted")


class _Post(NamedTuple):
    key: int
    kind: int | None
    status: int | None
    person: int | None
    organisation: int | None
    site: int | None
    is_contact: bool | None
    deleted: bool


def _post(row: Sequence[Any]) -> _Post:
    key, kind, status, person, organisation, site, contact, deleted = row
    is_contact = None if contact is None else is_true(contact)
    return _Post(key, kind, status, person, organisation, site, is_contact, is_true(deleted))


class _Site(NamedTuple):
    entity: int | None
    location: int | None


class Staff(Counterpart):
    """Posts of people with no other post and no account here."""

    uses = (
        "pr_update_affiliations",
        "pr_human_resource_update_affiliations",
        *affiliations.USES,
        "S3Tracker.__call__",
        "S3Trackable.__init__",
        "S3Trackable.check_in",
        "S3Trackable.set_base_location",
    )

    def further(self) -> Sequence[Any]:
        """See Counterpart: realms are set by methods of the users and rights."""
        auth = self.eden.auth
        names = ("set_realm_entity", "get_realm_entity", "s3_update_record_owner", "update_shared_fields")
        return [getattr(auth, each, None) for each in names]

    def fits(self) -> bool:
        """See Counterpart."""
        settings, config = self.eden.settings, self.eden.s3db.get_config
        return (
            settings.get_hrm_location_staff() == "site_id"
            and not settings.get_hrm_multiple_job_titles()
            and not settings.get_auth_person_realm_human_resource_site_then_org()
            and not callable(settings.get_auth_realm_entity())
            and not callable(config("pr_person", "realm_entity"))
            and self.eden.current.request.controller != "deploy"
        )

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        posts = self._mine(keys)
        people = self._people({each.person for each in posts if each.person})
        sites = self._sites({each.site for each in posts if each.site})
        links = Affiliations(self.eden)
        former = links.existing({entity for entity, _ in people.values()}, (STAFF, VOLUNTEER), _GIVERS)
        above = self._organisations({each.organisation for each in posts if each.organisation})
        mine, pairs = [], []
        for post in posts:
            entity, _ = people.get(post.person or 0, (None, None))
            if entity is None or (post.site and post.site not in sites):
                continue
            site = sites.get(post.site or 0, _Site(None, None))
            givers = [site.entity, above.get(post.organisation or 0)] if post.status == _ACTIVE else []
            wanted = [(STAFF, each) for each in givers if each]
            if former.get(entity, set()) <= set(wanted):
                mine.append(post)
                pairs += [
                    (giver, entity) for _, giver in wanted if (STAFF, giver) not in former.get(entity, ())
                ]
        links.add(pairs, STAFF)
        self._settle(mine, people, sites)
        return set(keys) - {each.key for each in mine}

    def _mine(self, keys: Sequence[int]) -> list[_Post]:
        """Return the posts that need nothing else than what is done here, in the order of their keys."""
        table = self.eden.s3db.hrm_human_resource
        rows = read(self.db, table.id.belongs(keys), *(table[each] for each in _READ))
        found = list(map(_post, rows))
        held = {each.person for each in found if each.person}
        query = table.person_id.belongs(held) & (table.deleted != True)  # noqa: E712 - an SQL expression
        number = Counter(row[0] for row in read(self.db, query, table.person_id) if held)
        linked = self._linked(keys)
        places = {key: place for place, key in enumerate(keys)}
        return sorted(
            (
                each
                for each in found
                if each.kind == _EMPLOYEE
                and not each.deleted
                and number[each.person] == 1
                and each.key not in linked
                and not (each.is_contact and each.site)
            ),
            key=lambda each: places[each.key],
        )

    def _linked(self, keys: Sequence[int]) -> set[int]:
        """Return the posts that are at a site already: Eden changes or deletes that."""
        table = self.eden.s3db.hrm_human_resource_site
        return {
            row[0] for row in read(self.db, table.human_resource_id.belongs(keys), table.human_resource_id)
        }

    def _people(self, keys: Collection[int]) -> dict[int, tuple[int, int]]:
        """Return person -> entity and key for whereabouts, of those without an account here."""
        table, link = self.eden.s3db.pr_person, self.eden.s3db.pr_person_user
        mine = table.id.belongs(keys)
        users = {row[0] for row in read(self.db, mine & (link.pe_id == table.pe_id), table.id)}
        rows = read(self.db, mine, table.id, table.pe_id, table.track_id)
        return {key: (entity, track) for key, entity, track in rows if entity and track and key not in users}

    def _organisations(self, keys: Collection[int]) -> dict[int, int]:
        table = self.eden.s3db.org_organisation
        return dict(read(self.db, table.id.belongs(keys), table.id, table.pe_id))

    def _sites(self, keys: Collection[int]) -> dict[int, _Site]:
        """Return the sites that have an entity of their own, with it and with their places."""
        table, found = self.eden.s3db.org_site, {}
        by_type: dict[str, dict[int, int | None]] = {}
        rows = read(
            self.db, table.site_id.belongs(keys), table.site_id, table.instance_type, table.location_id
        )
        for key, kind, location in rows:
            by_type.setdefault(kind, {})[key] = location
        for kind, locations in by_type.items():
            instances = self.eden.s3db.table(kind, None)
            if instances is None or "pe_id" not in instances.fields:
                continue
            known = instances.site_id.belongs(locations)
            for key, entity in read(self.db, known, instances.site_id, instances.pe_id):
                found[key] = _Site(entity, locations[key])
        return found

    def _settle(
        self, posts: Sequence[_Post], people: dict[int, tuple[int, int]], sites: dict[int, _Site]
    ) -> None:
        """Let people be where their posts are, and posts where their sites are."""
        held = [each.person for each in posts if each.person]
        set_realm(self.eden, "pr_person", held, None)
        self._check_in([(f"hrm_human_resource,{each.key}", people[each.person or 0][1]) for each in posts])
        link = self.eden.s3db.hrm_human_resource_site
        for each in posts:
            if each.site:  # by pydal: this record travels
                link.insert(site_id=each.site, human_resource_id=each.key, site_contact=each.is_contact)
        places = ((sites[each.site].location if each.site else None, each.key) for each in posts)
        update(self.eden.s3db.hrm_human_resource, ("location_id",), places)

    def _check_in(self, pairs: Sequence[tuple[str, int]]) -> None:
        """Write down where people are: at a post, unless that was written down last."""
        s3db, now = self.eden.s3db, self.eden.current.request.utcnow
        table, tracks = s3db.sit_presence, s3db.sit_trackable
        wanted = {track for _, track in pairs}
        query = table.track_id.belongs(wanted) & (table.timestmp <= now) & (table.deleted == False)  # noqa: E712
        rows = (
            read(self.db, query, table.timestmp, table.id, table.track_id, table.interlock) if wanted else []
        )
        last = {track: lock for _, _, track, lock in sorted(rows, key=lambda row: (str(row[0]), -row[1]))}
        new = [(lock, track) for lock, track in pairs if last.get(track) != lock]
        insert(table, ({"track_id": track, "interlock": lock, "timestmp": now} for lock, track in new))
        moved = tracks.track_id.belongs({track for _, track in new})
        if new:
            self.db(moved).update(track_timestmp=now)


#: Entities whose roles of staff an Eden takes back where nothing leads to them.
_GIVERS = ("org_organisation", "org_site")
