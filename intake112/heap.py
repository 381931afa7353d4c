"""How the C library hands out memory: what is large comes from the kernel and goes back to it, and leaves no hole.

glibc raises its limit for that by itself, up to 32 MB, whenever something large is freed. From then on pieces of the
line and of the tape, of up to 2 MB, lie between small blocks that stay; under load the holes that they leave were never
filled again, and the process grew by 5 MB in 40,000 calls though it held no byte more. A limit that is set stays. What
is free at the end of the heap is kept: with the default of 128 kB it went back to the kernel and came again with every
batch, which cost a sixth of the ingest.

Source: The GNU C Library manual, "Malloc Tunable Parameters"; the numbers of the parameters are those of its malloc.h.
"""

import ctypes
from typing import Final

TRIM_THRESHOLD: Final = -1
MMAP_THRESHOLD: Final = -3
LARGE: Final = 512 << 10  # bytes: above what one read of the line brings
KEPT: Final = 16 << 20  # bytes: what the largest batch takes and gives back


def settle() -> bool:
    """Set the limits for this process; False where the C library has none to set (musl, macOS), which changes nothing.

    The environment's MALLOC_…_ variables, or GLIBC_TUNABLES, do not win: who runs us knows less of our batches.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: Windows names no library None
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE)) and bool(mallopt(TRIM_THRESHOLD, KEPT))
