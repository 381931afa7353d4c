"""Large pieces leave no holes in the heap: each is mapped, however many were freed before it."""

import platform
import subprocess
import sys

import pytest

# Frees one large piece, as glibc needs it to raise its limit, and says how much of the next one is mapped.
NEXT_ONE = """
import ctypes, sys
from intake112 import heap

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "a", "b", "c", "mapped", "d", "e", "f", "g", "h")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
if sys.argv[1] == "settled":
    assert heap.settle()
bytearray(4 << 20)
before = libc.mallinfo2().mapped
piece = bytearray(2 << 20)
print(libc.mallinfo2().mapped - before)
"""


def mapped_of(case: str) -> int:
    told = subprocess.run([sys.executable, "-c", NEXT_ONE, case], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.mark.parametrize(("case", "at_least", "at_most"), [("as it is", 0, 0), ("settled", 2 << 20, (2 << 20) + 8192)])
def test_a_large_piece_is_mapped_whatever_was_freed_before(case: str, at_least: int, at_most: int) -> None:
    assert platform.libc_ver()[0] == "glibc"
    assert at_least <= mapped_of(case) <= at_most
