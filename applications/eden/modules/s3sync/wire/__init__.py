"""Layer 2, what travels: values, filters, S3XML, requests and replies.
Knows the core, and from outside the XML parser and the compression library.
"""

__all__ = [
    "alerts",
    "archive",
    "carried",
    "columns",
    "compression",
    "data_sets",
    "dictionary",
    "exposition",
    "filter_limits",
    "filters",
    "geo",
    "part_store",
    "places",
    "protocol",
    "s3json",
    "s3xml",
    "stylesheets",
    "tables",
    "values",
    "xml_text",
]
