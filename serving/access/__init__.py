"""Who may ask, and how often.

Nothing is re-exported, because the command `recsys keys` needs the file of keys and not Flask.
"""
