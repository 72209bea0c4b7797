"""``python -m derive``."""

from derive.cli.main import script

if __name__ == "__main__":
    script()
