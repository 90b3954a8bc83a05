"""Synchronisation: the interface for other sites, and the administrator's screens."""


def sync():
    """Pull and push of other sites: /sync/sync.xml."""
    from s3sync import rest

    if request.extension == "html" and request.env.request_method == "GET":
        redirect(URL("sync", "index"))
    return rest.sync_request(request, response)


def file():
    """Uploaded files from and to other sites: /sync/file/<stored name>."""
    from s3sync import rest

    return rest.file_request(request, response)


def repository():
    """Register: /sync/repository/register.json; everything else is for people."""
    if request.args(0) == "register":
        from s3sync import rest

        return rest.register_request(request, response)
