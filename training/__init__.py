"""Offline: from files to a published model bundle."""
