"""The model of a worker and the events of its users, both following their stores.

Nothing is re-exported, because the supervisor imports :mod:`serving.live.draining` and must not load numpy.
"""
