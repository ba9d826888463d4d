"""What an upgrade from one version of a definition to another does, for an administrator.

Submodules in the order in which they build on each other: versions, changes, results, compare.
"""
