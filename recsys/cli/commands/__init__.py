"""Commands that need nothing but a published model."""
