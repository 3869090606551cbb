"""The commands `serve`, `keys` and `openapi`."""
