"""Clients that make the calls of a run and nothing else: what is left is the cost of HTTP."""
