"""The data model as Eden has it: tables, components, super-entities, callbacks, validators."""
