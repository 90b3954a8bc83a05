"""Synchronisation of Sahana Eden sites over S3XML.

The package has three layers; the dependency direction is checked by ``tests/unit/test_layers.py``:

* core: pure modules without HTTP, web2py or database
  (errors, records, schema, values, codec, filters, protocol, policy, ordering, cursor, ports)
* use cases: importer, exporter, engine and what they are made of
* edges: store, journal, host, transport, adapters, rest, jobs, vault, model
"""

SOFTWARE = "Eden Sync"
VERSION = "0.2.0"
