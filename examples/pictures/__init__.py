"""A catalogue of drawn pictures, and a two-tower model of pictures and words that is trained on it."""
