"""ALS factors, neighbors, and their blend with content vectors."""
