"""One module for each command that needs only a model."""
