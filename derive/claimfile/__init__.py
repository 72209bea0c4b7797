"""Claim files: rules and claims that a person writes down in TOML."""

from derive.claimfile.claims import FileClaim
from derive.claimfile.read import ClaimFile, load, read

__all__ = ["ClaimFile", "FileClaim", "load", "read"]
