"""The small part of Sahana Eden's S3 API that the application and the synchronisation stand on.

Names are Eden's (`s3db`, `deployment_settings`, super-entities, components, meta-fields), so that code
written for this package finds what it expects in a complete Sahana Eden, too. What belongs to a site hangs on
its `S3DataModel`, so several sites can live in one process. A process keeps only what holds for all of them: files
of settings that were read, and passwords that were found right.
"""
