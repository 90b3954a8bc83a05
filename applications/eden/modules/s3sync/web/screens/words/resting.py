"""Why a repository that was taken over from an Eden rests: this site has no repositories of its type."""

from __future__ import annotations

from typing import Any

from ....core.text import shown
from ....site.labels import Translate


def resting(T: Translate, apitype: str) -> Any:
    """Return one sentence, what to do in it where something can be done.

    Args:
        T: web2py's translator.
        apitype: the type, as the Eden has stored it.
    """
    instead = T("It rests: add a repository of the type %s in its place, and delete this one.")
    known = {
        "ccrm": T("It rests: no CiviCRM lets anybody in any more in the way that this type logs in."),
        "wrike": T(
            "It rests: Wrike has switched off the interface that this type speaks (version 3, in 2019)."
        ),
        "mcb": T("It rests: Mariner CommandBridge has no public interface, and nobody is known who runs it."),
        "adashi": T(
            "It rests: ADASHI sends to an Eden in a way that this site does not take, and that is not public."
        ),
        "filesync": instead % T("Folder on this machine"),
        "ftp": instead % T("Files at an FTP server"),
    }
    unknown = T("It rests: this site has no repositories of the type %s. Nothing is exchanged with it.")
    return known.get(apitype) or unknown % shown(apitype)
