"""Factories, fakes and data that several test modules share."""
