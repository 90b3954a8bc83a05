"""What servers with files answer: lists of a WebDAV server, and of one that speaks S3."""

__all__ = ["dav", "object_store", "plain_xml"]
