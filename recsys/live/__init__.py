"""What changed in the catalog since a model was trained: records, attributes, availability."""
