"""The vector indexes and precomputed lists that serve."""
