"""Brings a library into a real ThreatQ over its REST API: completely, once, and repeatably.

`pushing.Push` is one push: the library's `outbox` says what is due, `rest_client` makes the calls,
`remote_kinds` knows what the platform has, `remote_rows` reads what is there and writes what is
sent, `placing` makes what is not there, and `mending` sets right what differs. It shares
nothing with the emulated platform.
"""
