"""Layer 3, the Eden around us: what is asked of it, and how.

* port: the one Protocol of what is asked
* eden: the port on names that every Eden has
* on_define: a function for each table as soon as it is really defined
* schema: what the data model says, as the core's schema
* validators: validators of fields as rules for whole batches
* ini, settings: private/appconfig.ini, and what synchronisation reads there
"""
