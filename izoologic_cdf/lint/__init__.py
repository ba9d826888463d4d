"""The linter of definitions: what the loader finds, and rules of its own.

It knows the language and nothing of the runtime, and runs no code of the definition or beside it.
Submodules in the order in which they build on each other: reads, outline, flow, rules (explained in
rules.yaml); key_rules, call_rules and approval_rules; check.
"""
