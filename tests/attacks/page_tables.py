# Fills memory with what the kernel notes about pages: it reads one of every 2 MiB of a quarter of a terabyte of nothing.
# aims: exhausts
# limits: memory: 64MiB, processes: 4, seconds: 20
# shows: "to": "memory"
# costs: noise
# %%
# exercise: noise
import ctypes
import time

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGES, STEP = 120_000, 2 << 20  # 470 MiB of tables
start = libc.mmap(None, PAGES * STEP, 1, 0x4022, -1, 0)
libc.madvise(start, PAGES * STEP, 15)
for address in range(start, start + PAGES * STEP, STEP):
    ctypes.c_char.from_address(address).value
time.sleep(0.5)
print("DID page tables")
