"""Layer 2, what travels: values, filters, S3XML, requests and replies.
Knows the core, and from outside the XML parser and the compression library.
"""

__all__ = ["compression", "filter_limits", "filters", "protocol", "s3xml", "values", "xml_text"]
