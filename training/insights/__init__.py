"""Suggested attribute values, and unusual items and users."""
