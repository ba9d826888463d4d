"""The CDF language: reading definitions, keeping positions, compiling expressions.

Knows nothing of running a feed. Submodules in the order in which they build on each other:
positions, codes, nodes, schema, fields, sandbox, expressions, values, pyfilters, model, pipelines,
sources, reports, load.
"""
