"""Suggested attribute values, and items and users that stand out."""
