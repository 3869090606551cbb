"""The processes of `recsys serve`: a supervisor, its workers, and the guard against slow clients."""
