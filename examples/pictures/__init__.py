"""Example: a catalog of drawn pictures, and a two-tower model of pictures and words trained on such pictures."""
