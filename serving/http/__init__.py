"""What every request passes: limits, parsing, problems, headers.

Nothing is re-exported, because the supervisor imports :mod:`serving.http.admission` and must not load numpy.
"""
