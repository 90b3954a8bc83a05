"""Messages of the log and of runs in the reader's language, found by their codes.

A message without a code, or with one that this version does not know, is shown as stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Protocol

from ....core.messages import Sentence
from ....core.plurals import counted
from ....site.labels import Translate
from . import data_sets as data_sets
from . import errors as errors
from . import remedies as remedies
from .states_and_units import outcomes, span


class Described(Protocol):
    """An object with a message and a remedy: a log entry, or a failure of a run."""

    @property
    def code(self) -> str | None: ...

    @property
    def message(self) -> str | None: ...

    @property
    def remedy(self) -> str | None: ...

    @property
    def params(self) -> Any: ...


class _Unknown(Exception):
    """A code or a parameter that this version does not know."""


class MessageWords:
    """The messages for one reader.

    Args:
        T: web2py's translator.
    """

    def __init__(self, T: Translate) -> None:
        self._T = T
        self._errors = errors.errors(T)
        self._remedies = remedies.remedies(T)
        self._reason = remedies.reason_words(T)
        self._outcomes = outcomes(T)
        self._sentences = {each.code: words for each, words in _sentences(T).items()}
        self._sentences.update((each.code, words) for each, words in data_sets.sentences(T).items())
        self._sentences.update((each.code, words) for each, words in remedies.reasons(T).items())
        self._counted: dict[str, Callable[[Mapping[str, Any]], str]] = {
            Sentence.RECORDS_RECEIVED.code: self._received,
            Sentence.RECORDS_SENT.code: self._sent,
            Sentence.MORE_LINES.code: self._more,
            Sentence.CLOCK_AHEAD.code: self._ahead,
            Sentence.CLOCK_BEHIND.code: self._behind,
            Sentence.RECORD_CONFLICT.code: self._conflict,
            Sentence.CONFLICTS_DECIDED.code: self._decided,
        }

    def title(self, entry: Described) -> str:
        """Return the heading of the error, "" if there was none."""
        return str(self._errors.get(entry.code or "", ""))

    def message(self, entry: Described) -> str:
        """Return the message, in one or several lines."""
        lines = (entry.params or {}).get("message")
        if not lines:
            return entry.message or ""
        try:
            return "\n".join(map(self._line, lines))
        except _Unknown:
            return entry.message or ""

    def remedy(self, entry: Described) -> str:
        """Return what to do, "" for nothing."""
        code = ((entry.params or {}).get("remedy") or {}).get("code", "")
        return str(self._remedies.get(code, entry.remedy or ""))

    def _line(self, line: Mapping[str, Any]) -> str:
        if "text" in line:
            return str(line["text"])
        code = line.get("code") or ""
        given = line.get("params") or {}
        values = {name: self._value(name, value) for name, value in given.items()}
        try:
            if code in self._counted:
                return self._counted[code](values)
            # T would interpret special characters in texts of other sites.
            return str(self._sentences[code]) % values
        except KeyError:
            raise _Unknown(code) from None

    def _value(self, name: str, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return self._listed(value) if name == "outcomes" else self._line(value)

    def _listed(self, counts: Mapping[str, int]) -> str:
        return ", ".join(
            str(
                self._T("%(count)s %(outcome)s") % {"count": count, "outcome": self._outcomes.get(name, name)}
            )
            for name, count in counts.items()
        )

    # --- counted sentences ---------------------------------------------------------------------------

    def _received(self, given: Mapping[str, Any]) -> str:
        return str(
            counted(
                self._T,
                given["count"],
                "%(count)s record received: %(outcomes)s",
                "%(count)s records received: %(outcomes)s",
                outcomes=given["outcomes"],
            )
        )

    def _sent(self, given: Mapping[str, Any]) -> str:
        told, count = given["outcomes"], given["count"]
        if not told:
            return str(counted(self._T, count, "%(count)s record sent.", "%(count)s records sent."))
        return str(
            counted(
                self._T,
                count,
                "%(count)s record sent: %(outcomes)s",
                "%(count)s records sent: %(outcomes)s",
                outcomes=told,
            )
        )

    def _more(self, given: Mapping[str, Any]) -> str:
        return str(counted(self._T, given["count"], "%(count)s more line", "%(count)s more lines"))

    def _decided(self, given: Mapping[str, Any]) -> str:
        return str(
            counted(
                self._T,
                given["count"],
                "%(count)s conflict was decided at another site.",
                "%(count)s conflicts were decided at other sites.",
            )
        )

    def _ahead(self, given: Mapping[str, Any]) -> str:
        T = self._T
        return str(T("The clock of the other site is %s ahead of ours.") % span(T, given["seconds"]))

    def _behind(self, given: Mapping[str, Any]) -> str:
        T = self._T
        return str(T("The clock of the other site is %s behind ours.") % span(T, given["seconds"]))

    def _conflict(self, given: Mapping[str, Any]) -> str:
        T = self._T
        # Entries of earlier releases have the English text of the reason instead of its code.
        about = {"record": given["record"], "reason": self._reason(given["reason"])}
        return str(T("%(record)s was changed at both sites. %(reason)s")) % about


def _sentences(T: Translate) -> dict[Sentence, Any]:
    """Return the sentences that need only their parameters."""
    return {
        Sentence.NOTHING_NEW: T("Nothing new."),
        Sentence.NOTHING_TO_SEND: T("Nothing to send."),
        Sentence.RECORD_REJECTED: T("%(record)s was rejected: %(reason)s"),
        Sentence.RECORD_REJECTED_THERE: T("%(record)s was rejected there: %(reason)s"),
        Sentence.RECORD_NEWER_THERE: T("%(record)s was not sent: it is newer there."),
        Sentence.MAY_NOT_READ: T("Not allowed: its scope does not let the asking site read %(resource)s."),
        Sentence.MAY_NOT_WRITE: T("Not allowed: its scope does not let the asking site write %(resource)s."),
        Sentence.MAY_NOT_TELL_APART: T(
            "Not allowed: some records lie outside of the scope, and cannot be told apart from the others."
        ),
        Sentence.MAY_NOT_ASK_BY: T(
            "Not allowed there: the filter %(filter)s looks at records that this site may not read."
        ),
        Sentence.WAITS_FOR_APPROVAL: T(
            "This site waits for the approval of an administrator: until then it gets and brings nothing."
        ),
        Sentence.REGISTER_FIRST: T("Who asks has to register first, and to be approved by an administrator."),
        Sentence.REVOKED_HERE: T(
            "An administrator has taken away what this site may do here: it gets and brings nothing."
        ),
        Sentence.INVITATION_UNKNOWN: T(
            "This invitation is not known here: it was withdrawn, or taken up already."
        ),
        Sentence.INVITATION_EXPIRED: T("This invitation was valid until %(time)s (UTC)."),
        Sentence.ALREADY_HERE: T(
            "This site is here already, as %(name)s: an administrator has to delete that repository first."
        ),
        Sentence.JOINED: T("%(name)s joined by the invitation %(invitation)s."),
        Sentence.INVITED_BY_ITSELF: T("This is an invitation of this site itself."),
        Sentence.EXCHANGES_ALREADY: T("This site exchanges with %(name)s already."),
        Sentence.ANOTHER_SITE_ANSWERS: T("At the address of %(name)s another site answers."),
        Sentence.NAME_THE_SITE: T(
            "Not allowed there: this account has a scope, and may ask only for the site that it registered."
        ),
        Sentence.NOT_BY_THIS_ADDRESS: T("Not allowed there: an account with a scope may only synchronise."),
        Sentence.RECORD_NOT_ALLOWED: T(
            "%(record)s was not taken: not allowed here, it lies outside of the scope of the site."
        ),
        Sentence.RECORD_NOT_ALLOWED_THERE: T("%(record)s was not taken there: not allowed there."),
        Sentence.CONFLICT_DECIDED: T(
            "%(record)s: %(decision)s, decided by %(who)s at %(site)s on %(time)s (UTC)."
        ),
        Sentence.DELETED_FOR_GOOD: T(
            "%(who)s deleted %(record)s for good at this site, with what had been deleted with it: %(count)s records "
            "in all."
        ),
        Sentence.OUR_VERSION: T("our version"),
        Sentence.THEIR_VERSION: T("the other site's version"),
        Sentence.FIELD_BY_FIELD: T("field by field"),
        Sentence.CHANGED_AGAIN: T("changed again since"),
        Sentence.PEER_RESTORED: T("The other site was restored from a backup: everything is compared again."),
        Sentence.FILE_NOT_RECEIVED: T(
            "The file %(file)s, missing since %(since)s, did not come; it is asked for again: %(reason)s"
        ),
        Sentence.FILE_NOT_SENT: T("The file %(file)s was not sent: %(reason)s"),
        Sentence.RECORDS_WRITTEN: T(
            "%(count)s records written; they count as sent when the other site has read them."
        ),
        Sentence.PAGES_LOST: T(
            "Records between those that are here and those in the folder are missing: a memory stick was lost, or is "
            "still on its way. The other site writes them again once it has read from this site."
        ),
        Sentence.OLD_COPY: T(
            "What lies in the folder is older than what was read before, so nothing of it was read."
        ),
        Sentence.RESTORED_HERE: T("This site was restored from a backup: everything is compared again."),
        Sentence.UNEXPECTED_ERROR: T("Unexpected error at this site: %(error)s"),
        Sentence.BROKEN_OFF_BY: T("The run was broken off: %(error)s"),
        Sentence.TRIED_AGAIN: T("The run is tried again by itself at %(time)s (UTC)."),
        Sentence.WORKER_LOST: T("The worker ended without a word. Another run goes on from there."),
        Sentence.MAIL_NOT_SENT: T("The mail to %(recipients)s could not be sent: %(reason)s"),
        Sentence.STOPPED_BY_PERSON: T("The synchronization was stopped by a person."),
        Sentence.TAKEN_OVER: T("Another worker has taken over this repository."),
        Sentence.RUNNING_ELSEWHERE: T("Repository %(repository)s is being synchronized by %(owner)s."),
        Sentence.PAGE_STANDS_STILL: T(
            "The other site promises another page of %(resource)s and stays where it is."
        ),
        Sentence.INTRODUCED: T("%(name)s introduced itself as %(uuid)s."),
        Sentence.INTRODUCED_AGAIN: T("%(name)s introduced itself as %(uuid)s again."),
        Sentence.REGISTERED: T("%(answer)s (version %(version)s, %(uuid)s)."),
        Sentence.REGISTERED_AT_EDEN: T("%(answer)s (an Eden, %(uuid)s)."),
        Sentence.PRESCRIPTION_TAKEN: T("%(name)s prescribes what is exchanged: %(what)s."),
        Sentence.NOTHING_PRESCRIBED: T(
            "%(name)s prescribes nothing any more: what is exchanged stays as it is, and is decided here."
        ),
        Sentence.PRESCRIPTION_WRONG: T(
            "What %(name)s prescribes cannot be carried out here: %(reason)s What was exchanged before goes on."
        ),
        Sentence.PRESCRIPTION_BEYOND: T(
            "%(name)s prescribes more than was agreed (%(what)s): that waits for an administrator here. What was "
            "exchanged before goes on."
        ),
        Sentence.LOOK_AT_PRESCRIPTION: T(
            "Look at the resources of the repository: there it is told, and can be accepted."
        ),
        Sentence.NOT_READABLE: T("It cannot be read."),
        Sentence.PRESCRIPTION_TOO_LARGE: T(
            "It is too large: at most %(resources)s resources with %(characters)s characters can be prescribed."
        ),
        Sentence.FEWER_PRESCRIBED: T("Choose fewer resources, or shorter conditions."),
        Sentence.PRESCRIBES_ANEW: T(
            "The other site has prescribed something else again and again within one run."
        ),
        Sentence.ALERT_NOT_MEANT: T("The alert %(alert)s was passed over: its status is %(status)s."),
        Sentence.ALERT_NO_NEWS: T(
            "The alert %(alert)s was passed over: %(kind)s tells nothing new of what happens."
        ),
        Sentence.ALERT_NOT_READ: T("The alert %(alert)s was passed over: %(reason)s"),
        Sentence.ALERT_CANCELS_UNKNOWN: T(
            "The alert %(alert)s was passed over: it cancels one that did not come here."
        ),
        Sentence.ALERT_ELSEWHERE: T(
            "The alert %(alert)s was passed over: it is at another server, which is not among those that are allowed."
        ),
        Sentence.NO_RESOURCES: T("No resources are chosen for this repository."),
        Sentence.THROUGH_PROXY: T(" through the proxy %(proxy)s"),
        Sentence.CERTIFICATE_NOT_VERIFIED: T(
            "The certificate of %(url)s could not be verified%(through)s: %(reason)s"
        ),
        Sentence.CERTIFICATE_CHANGED: T(
            "The certificate of %(url)s is not the one that was vouched for%(through)s: nothing was sent."
        ),
        Sentence.SPEAKS_OTHERWISE: T("%(url)s is asked by %(named)s, but %(spoken)s is spoken there."),
        Sentence.BEGIN_ADDRESS: T("Let the address of the other site begin with %(scheme)s"),
        Sentence.LOG_IN_TO_NETWORK: T(
            "Log in to the network of this computer, in a browser; it is tried again by itself."
        ),
        Sentence.NOT_REACHED: T("%(url)s cannot be reached%(through)s: %(reason)s"),
        Sentence.NO_CONNECTION_IN_TIME: T("%(url)s cannot be reached%(through)s: no connection in time."),
        Sentence.SILENT: T("%(url)s was silent for too long%(through)s."),
        Sentence.TOO_SLOW: T("%(url)s sends its answer too slowly."),
        Sentence.CONNECTION_FAILED: T("The connection to %(url)s failed%(through)s: %(reason)s"),
        Sentence.EXCHANGE_FAILED: T("The exchange with %(url)s failed%(through)s: %(reason)s"),
        Sentence.ANSWER_CUT: T("The answer of %(url)s ends in the middle: %(reason)s"),
        Sentence.CANNOT_BE_ASKED: T("%(url)s cannot be asked: %(reason)s"),
        Sentence.WEB_PAGE: T("%(url)s answered with a web page."),
        Sentence.WEB_PAGE_TITLED: T('%(url)s answered with a web page with the title "%(title)s".'),
        Sentence.STATUS: T("%(url)s answered with status %(status)s."),
        Sentence.STATUS_SAYING: T("%(url)s answered %(status)s: %(reason)s"),
        Sentence.NOT_THERE: T("%(url)s does not exist at the other site (404)."),
        Sentence.NOT_THERE_SAYING: T("%(url)s does not exist at the other site (404): %(reason)s"),
    }
