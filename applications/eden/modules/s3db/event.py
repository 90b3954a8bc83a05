"""Events and the incidents they consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns

from .hierarchy import types_in_types

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare event_event, event_incident_type and event_incident."""
    col, T = Columns(s3db), s3db.T

    s3db.define_table(
        "event_event",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            col.name(),
            col.organisation(),
            col.boolean("exercise", "Exercise?"),
            col.datetime("start_date", "Start Date"),
            col.datetime("end_date", "End Date"),
            col.boolean("closed", "Closed"),
            col.comments(),
        ],
    )

    def period_onvalidation(form: Any) -> None:
        start = form.vars.get("start_date") or form.vars.get("date")
        end = form.vars.get("end_date")
        if start and end and end < start:
            form.errors["end_date"] = T("The end must not be before the start")

    s3db.configure(
        "event_event",
        title=T("Events"),
        super_entity="doc_entity",
        onvalidation=period_onvalidation,
        deduplicate=S3Duplicate(primary=("name",), secondary=("start_date",)),
    )
    s3db.add_components("event_event", event_incident="event_id")

    s3db.define_table(
        "event_incident_type",
        lambda: [
            col.name(),
            col.reference("event_incident_type", "parent", label="Parent", ondelete="RESTRICT"),
            col.comments(),
        ],
    )
    s3db.configure(
        "event_incident_type",
        title=T("Incident Types"),
        deduplicate=S3Duplicate(),
        **types_in_types(s3db, "event_incident_type"),
    )

    s3db.define_table(
        "event_incident",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            col.reference("event_event", label="Event"),
            col.reference("event_incident_type", label="Incident Type"),
            col.name(),
            col.boolean("exercise", "Exercise?"),
            col.datetime("date", "Date (UTC)"),
            col.datetime("end_date", "End Date (UTC)"),
            col.boolean("closed", "Closed"),
            col.location(),
            col.integer("severity", "Severity", minimum=0, maximum=10),
            col.choice("level", "Level", {1: T("Local"), 2: T("Regional"), 3: T("National")}),
            col.organisation(label="Lead Organization"),
            col.person(label="Incident Commander"),
            col.long_text("action_plan", "Action Plan"),
            col.comments(),
        ],
    )
    s3db.configure(
        "event_incident",
        title=T("Incidents"),
        list_fields=("name", "incident_type_id", "date", "location_id", "severity", "closed"),
        super_entity="doc_entity",
        onvalidation=period_onvalidation,
        deduplicate=S3Duplicate(primary=("name",), secondary=("date",)),
    )
