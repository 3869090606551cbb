"""Encodes queries in a process beside the workers.

:class:`serving.encoding.service.Encoding` is imported from its module, because the process beside the workers needs no Flask.
"""
