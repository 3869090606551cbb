"""Logs and metrics.

:mod:`serving.telemetry.metrics` must be imported after ``PROMETHEUS_MULTIPROC_DIR`` is set, so nothing is re-exported here.
"""
