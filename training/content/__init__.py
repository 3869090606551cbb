"""Texts and pictures of the items to vectors."""
