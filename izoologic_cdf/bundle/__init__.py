"""From the authored definitions to what an administrator uploads, and back to what it means.

Submodules in the order in which they build on each other: tree, inline, native, emit, made, usage,
build; archive and verify for the zip; diff for upgrades.
"""
