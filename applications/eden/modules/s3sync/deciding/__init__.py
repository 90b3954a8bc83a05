"""What a person decides: the versions put aside, one by one or many by a rule, and what became of a record."""
