"""Python filters of the feed definitions: pure steps of a `filters` pipeline.

A definition names a filter as `python: module.function`. Every function takes one value and returns
a new one; none raises, does I/O or changes what it was given. Beside each function stand its table
of EXAMPLES (in, out), which is run as its test, and its NATIVE form: the same step in filters that
the platform has. Modules that begin with an underscore hold no filters.
"""
