"""How the repositories stand: what waits, what was exchanged, what the log says, whom to tell when it keeps failing."""
