"""The embedded threat library: objects, attributes, relations and files in one SQLite file.

`objects` says what goes in, `store.Library` keeps it, `export` and `show` bring it out again.
"""
