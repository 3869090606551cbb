"""A drawn catalog with pictures, and two small towers trained on it."""
