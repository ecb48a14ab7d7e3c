"""`dataclass(frozen=True)` as type checkers see it, without what it costs at run time.

There it would send every attribute of every object through `object.__setattr__`: three times as dear for a
text, six times for a request. That nothing changes a canonical object is seen to by mypy and pyright.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(*, frozen, slots):
        """With a hash, as the frozen ones have."""
        return dataclasses.dataclass(unsafe_hash=frozen, slots=slots)


__all__ = ["dataclass"]
