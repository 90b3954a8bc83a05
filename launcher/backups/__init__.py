"""A site in one file, and back: its database, what people uploaded, its configuration and journal file."""
