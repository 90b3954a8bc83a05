"""Places with files at other machines, a file a protocol: each does the six verbs of ``transport.storage.Storage``.

``spool`` is where files lie on their way, ``failures`` says what went wrong in terms that a person can act on,
``names`` keeps names inside a place, ``web`` is shared by those behind HTTP.
"""

__all__ = ["failures", "ftp", "names", "s3", "sftp", "spool", "web", "webdav"]
