"""Comity: tests that say whether an agent respects the norms of the people it serves."""
