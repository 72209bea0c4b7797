"""derive: proves or refutes what is claimed about optimizer update rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.reference import golden

__all__ = ["golden"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: `import derive` loads nothing.
    if name == "golden":
        from derive.reference import golden

        return golden
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
