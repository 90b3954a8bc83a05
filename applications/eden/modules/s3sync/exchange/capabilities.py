"""What a type of peer can do, as the engine and the screens know it."""

from __future__ import annotations

import enum


class Capability(enum.Enum):
    """What a type of peer can do. Neither the engine nor the screens use anything else."""

    #: Records can be fetched from it.
    PULL = "pull"
    #: Records can be sent to it.
    PUSH = "push"
    #: Files of upload fields travel with their records.
    FILES = "files"
    #: A pull applies the filters of the task.
    FILTERS = "filters"
    #: A pull can be dry-run, so a run can be previewed.
    PREVIEW = "preview"
    #: This site registers with it.
    REGISTER = "register"
    #: It may offer resources to pull.
    OFFER = "offer"
    #: It answers a connection test.
    TEST = "test"
    #: The other site may begin the exchange; then this site needs no address of it.
    PASSIVE = "passive"
    #: What is sent is read and answered later, in a run of the other site: a folder or a memory stick.
    CARRIED = "carried"
    #: What is exchanged is what data sets of the other site say; a person chooses the sets.
    DATASETS = "datasets"
