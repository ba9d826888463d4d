"""Python filters of the feeds: pure functions. native.yaml says the same in platform filters."""
