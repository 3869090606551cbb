"""Groups of items and users with names, the item map, and directions of the vector space."""
