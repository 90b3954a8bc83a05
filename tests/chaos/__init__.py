"""Real sites behind a bad line, whose processes are killed while people edit: in the end all are equal."""
