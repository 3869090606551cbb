"""The `recsys` command: its options, its output, and the commands that need only a model."""
