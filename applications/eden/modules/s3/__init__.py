"""The small part of Sahana Eden's S3 API that the application needs.

Names are Eden's (``s3db``, ``deployment_settings``, super-entities, components, meta-fields): code written for
this package finds them in a complete Sahana Eden as well. The state of a site hangs on its ``S3DataModel``, so
several sites can live in one process. Only two caches are shared in a process: settings files that were read, and
passwords that were found right.
"""
