"""Tasks beside a `with` block whose own exceptions come out as they are, not inside an ExceptionGroup."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def tasks_beside() -> AsyncIterator[asyncio.TaskGroup]:
    """Run tasks in a group while the block runs; the block ends those that would not end by themselves.

    A task that fails ends the block, as in any TaskGroup, and comes out in an ExceptionGroup.
    """
    own: Exception | None = None
    async with asyncio.TaskGroup() as group:
        try:
            yield group
        except Exception as error:  # raised again below
            own = error
    if own is not None:
        raise own
