"""Many sites, random histories, faults: whatever happened, after every edge has synchronised all sites are equal."""
