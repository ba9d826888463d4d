"""Runs any definition of the CDF language over HTTP and reports into a library.

Knows nothing of iZoologic. Submodules in the order in which they build on each other:
windows, case, message_kinds, http, login, interpreter, report_objects, source_client, feeds;
tenants, coverage, state, plan, summary, session, lists, commits, run; overview.
"""
