"""Synchronisation of Sahana Eden sites over S3XML.

The package has three layers; ``tests/unit/test_layers.py`` lists the modules of the first two and checks who imports
whom:

* core: modules that need neither HTTP nor web2py nor a database, such as errors, schema, codec, filters and policy
* use cases: document, importer, exporter, engine, versions
* edges: everything else, such as store, journal, host, transport, adapters, rest, jobs and screens
"""

SOFTWARE = "Eden Sync"
VERSION = "0.2.0"
