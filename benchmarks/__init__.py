"""What a run costs, measured side by side with others: `python -m benchmarks`.

Nothing here is asserted in tests. The parent process stays small and imports neither an HTTP
client nor the runtime: on Linux a child's peak memory is never reported as less than its parent's.
"""
