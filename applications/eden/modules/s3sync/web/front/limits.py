"""How large requests may be, and how many are answered at once."""

from __future__ import annotations

#: Bytes of the first line of a request and of all its headers (a filter may have 128 KB), and how many headers.
REQUEST_LINE, HEADERS, MOST_HEADERS = 160 * 1024, 192 * 1024, 100
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

#: Bytes of a body that is taken before the application was asked whether it wants it.
UNASKED = 64 * 1024
#: Fields of a form, for which web2py's parser takes time by the square, and bytes of the headers of one part.
MOST_FIELDS, PART_HEADERS = 2000, 16 * 1024

#: Requests of other sites, and pages for people: answered at once, and waiting for that. They share the interpreter's
#: lock with who refuses: a third one would serve nothing more, and a crowd that comes in one moment would wait twice as
#: long for its refusals (docs/BENCHMARKS.md).
PEERS_AT_ONCE, PEERS_WAITING = 2, 12
PEOPLE_AT_ONCE, PEOPLE_WAITING = 6, 40
#: Questions of monitoring.
WATCHERS_AT_ONCE, WATCHERS_WAITING = 1, 20
#: Seconds that a request may be expected to wait; more is refused at once.
PATIENCE = 2.0
#: Threads of a server that lets requests wait for their turn without one.
THREADS = PEERS_AT_ONCE + PEOPLE_AT_ONCE + WATCHERS_AT_ONCE + 1

#: Set in the WSGI environment: the application shall only say whether it takes the body of this request, which is
#: not there yet. It does so with status 204 and the number of bytes in this header; any other answer is a refusal.
ASKS, TAKES = "eden.asks_before_body", "X-Eden-Takes"
#: Set in the WSGI environment: the server has asked already.
ASKED = "eden.body_was_asked_for"
#: Sites that may listen for changes in one process: a tenth of the connections of the server of ``./run``.
MOST_LISTENERS = 100
#: Set in the WSGI environment: this server lets requests wait without a thread. The application answers then in this
#: header who may listen: key of the repository, position and identity of the journal.
LISTENS, LISTENER = "eden.listens", "X-Eden-Listener"
#: Set in the WSGI environment for the question of the process itself for whom something has changed: position and keys.
LOOKS = "eden.looks"
#: Set in the WSGI environment: the answer to a request that has waited.
ANSWER = "eden.answer"
#: Set in the WSGI environment: the turn of this request, if the server has asked for it.
TURN = "eden.turn"
