"""One module for each resource; each returns a Flask blueprint."""
