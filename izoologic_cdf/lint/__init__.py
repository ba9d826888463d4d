"""The linter of definitions: what the loader finds, and the rules of `rules/`, one file each.

Knows the language and nothing of the runtime; runs no code of the definition or beside it.
Submodules in the order in which they build on each other: reads, outline, flow, rule, rules,
silence, check; pages and schema write the documentation.
"""
