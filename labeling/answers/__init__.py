"""Which answer counts, and how far people agree."""
