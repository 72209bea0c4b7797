"""derive: proves or refutes what is claimed about optimizer update rules."""

__version__ = "0.1.0"
