"""Translated texts: in attributes of pages, and beside those of an Eden, whose language files are its own."""

from __future__ import annotations

import copyreg
import html
import os
from typing import Any

from gluon.languages import TranslatorFactory, lazyT


def _quoted(text: Any) -> str:
    if text.M:
        return str(text)
    return html.escape(str(text), quote=False).replace('"', "&quot;")


def _plain(text: Any) -> tuple[type[str], tuple[str]]:
    return str, (str(text),)


def quote_translations() -> None:
    """Let translations escape double quotes: web2py 2.26 leaves them, and a value put into one ends its attribute.

    What goes into a session is the text, not its markup, which would be escaped once more when it is shown.
    """
    lazyT.xml = _quoted
    copyreg.pickle(lazyT, _plain)


class OwnTexts:
    """The translator of an Eden, which takes our texts from our own language files.

    Args:
        theirs: the Eden's ``T``.
        folder: the folder of our language files.
    """

    def __init__(self, theirs: Any, folder: str) -> None:
        self._theirs = theirs
        self._own = TranslatorFactory(folder, theirs.http_accept_language)
        self._own.is_writable = False

    def __call__(self, message: Any, *arguments: Any, **options: Any) -> Any:
        """Return a text in the language of the reader: ours, else that of the Eden."""
        language = self._theirs.accepted_language
        if self._own.accepted_language != language:
            self._own.force(language)
        known = self._own.accepted_language == language and message in self._own.t
        return (self._own if known else self._theirs)(message, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._theirs, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_theirs", "_own"):
            super().__setattr__(name, value)
        else:
            setattr(self._theirs, name, value)


def own_texts(theirs: Any, application: str) -> OwnTexts:
    """Return the translator for our pages in an Eden.

    Args:
        theirs: the Eden's ``T``.
        application: the application's folder.
    """
    return OwnTexts(theirs, os.path.join(application, "languages", "eden_sync"))
