"""The answers of a connection test about a server with files, in words."""

from __future__ import annotations

from typing import Any

from ....adapters.connection_test import Answer
from ....site.labels import Translate


def at_server(T: Translate) -> dict[Answer, tuple[Any, Any | None]]:
    """Return a sentence for each answer, and what to do."""
    rights = T("At the server, let this account read and write the folder and what lies in it.")
    return {
        Answer.ENCRYPTED: (T("Password and records travel encrypted."), None),
        Answer.IN_CLEAR: (
            T("No: the password and all records can be read on the way."),
            T("Ask the people of the server for an address with ftps:// or sftp://."),
        ),
        Answer.KEY_CONFIRMED: (T("It shows the key that was confirmed."), None),
        Answer.KEY_CHANGED: (
            T("It shows another key than the confirmed one. Nothing was sent to it."),
            T(
                "Ask the people of the server whether it was set up anew. Only if they tell you the new key: empty the "
                "field of the key, and test again. Otherwise somebody else may sit on the line."
            ),
        ),
        Answer.ENTERED: (T("The server lets this site in."), None),
        Answer.KEPT_OUT: (
            T("The server does not let this site in."),
            T(
                "Enter user name and password, or the key, again. Ask the people of the server whether the account "
                "exists."
            ),
        ),
        Answer.NO_FOLDER_THERE: (
            T("There is no such folder at the server, or it cannot be used."),
            T("Make the folder at the server, or correct the address."),
        ),
        Answer.NO_FILES_THERE: (
            T("Something answers, but not as a server with files does."),
            T("Check the address: the help below the field shows what it looks like."),
        ),
        Answer.UNREADABLE_THERE: (T("The folder cannot be read."), rights),
        Answer.READ_ONLY_THERE: (T("Nothing can be written into the folder."), rights),
        Answer.NOT_REMOVABLE: (T("Files can be written, but not taken away again."), rights),
        Answer.WRONG_ALERT: (
            T("It is a feed, but the alert that it lists last cannot be taken."),
            T("See what it says. If the alerts are at another server, enter that server below the address."),
        ),
        Answer.NO_FEED: (
            T("Something answers, but it is no feed of alerts."),
            T("Enter the address of a feed (Atom or RSS) of CAP alerts, or of one alert."),
        ),
        Answer.FULL: (
            T("The server has no room left."),
            T("Free space at the server, or ask its people for more."),
        ),
    }
