"""The command line: one module a command, each with ``register`` (its arguments) and ``run`` (its work)."""
