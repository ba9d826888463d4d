"""From the authored definitions to what an administrator uploads.

Submodules in the order in which they build on each other: tree, native, emit, made, checklist, build;
layout, archive and verify for the zip; alternatives are edits of the built file.
"""
