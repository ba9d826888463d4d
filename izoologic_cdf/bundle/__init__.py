"""From the authored definitions to what an administrator uploads.

Submodules in the order in which they build on each other: tree, inline, native, emit, made,
checklist, build; archive and verify for the zip.
"""
