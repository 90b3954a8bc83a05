"""A site's records into another database, of the same kind or another one, checked row by row."""
