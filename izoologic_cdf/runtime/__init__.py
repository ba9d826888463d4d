"""Runs any definition of the CDF language over HTTP and reports into a library.

Knows nothing of iZoologic. Submodules in the order in which they build on each other:
problems, clock, windows, configuration, http, login, sources, pipelines, reports, run.
"""
