"""The CDF language: reading definitions, keeping positions, compiling expressions.

Runs nothing. Modules in the order in which they build on each other: positions, overlay, nodes,
pyfilters, schema, fields, conventions; budget, guards, allowed, sandbox, checks, expressions;
values, reports, steps, model, spellings, load.
"""
