"""Lists of records as tables for spreadsheet programs, out and in."""
