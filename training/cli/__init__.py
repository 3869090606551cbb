"""The commands of training, and its schedule."""
