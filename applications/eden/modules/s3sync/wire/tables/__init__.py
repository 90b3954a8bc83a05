"""Tables for people, as spreadsheet programs read and write them: rows of texts, in and out, one after the other."""

__all__ = ["alert_table", "cells", "csv_table", "document_table", "feature_table", "matching", "xlsx_table"]
