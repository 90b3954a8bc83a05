"""Layer 3, the Eden around us: its data model, its validators, its settings.

* schema: what the data model says, as the core's schema
* validators: validators of fields as rules for whole batches
"""
