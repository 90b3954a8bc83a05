"""Ground floor: pieces of pages that any page of the application may use; knows gluon and nothing of this package.

* look: times, states, what an empty list says
* forms: how forms look
* choice: one of a fixed set of values
* assets: the CSS framework and our own static files
* refusals: answers that refuse, for people and for programs
* program_requests: requests of programs, as opposed to those of people
"""
