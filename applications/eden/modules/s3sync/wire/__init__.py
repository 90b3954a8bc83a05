"""Layer 2, what travels: values, filters, S3XML, requests and replies.
Knows the core, and of the outside the XML parser and the packer of bytes.
"""

__all__ = ["compression", "filters", "protocol", "s3xml", "values", "xml_text"]
