"""Lets the workers of a DataLoader run, and processes share tensors, without `/dev/shm` and sockets.

`multiprocessing` keeps its semaphores in `/dev/shm`, and torch passes tensors through it. That folder cannot
be granted to one guest alone. So in guests a semaphore is an eventfd, a tensor is sent by value, and one that is
shared lies in a removed file of the scratch folder, where the limit of disk counts it.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import multiprocessing.heap
import multiprocessing.synchronize
import os
import select
import sys
import tempfile
import threading
import time
from multiprocessing.reduction import ForkingPickler
from typing import Any, cast

import torch
from torch import Tensor, UntypedStorage
from torch.multiprocessing.reductions import reduce_tensor

_RECURSIVE = 0  # the kind of an RLock


class Semaphore:
    """What `_multiprocessing.SemLock` is, inherited by fork alone."""

    SEM_VALUE_MAX = (1 << 31) - 1
    name = None  # nothing to unlink

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        self.handle = os.eventfd(value, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.kind = kind
        self.maxvalue = maxvalue
        self._after_fork()

    def __del__(self) -> None:
        os.close(self.handle)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take one, and say whether there was one in time."""
        end = None if block and timeout is None else time.monotonic() + (timeout or 0 if block else 0)
        while not (self.kind == _RECURSIVE and self._is_mine()):
            try:
                os.eventfd_read(self.handle)
                break
            except BlockingIOError:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._poll(left)
        self._held += 1
        self._thread = threading.get_ident()
        return True

    def release(self) -> None:
        """Give one back.

        Raises:
            AssertionError: when an RLock is another's.
            ValueError: when a lock is free.
        """
        if self.kind == _RECURSIVE:
            assert self._is_mine(), "attempt to release recursive lock not owned by thread"
        elif self.maxvalue == 1 and not self._is_zero():
            raise ValueError("semaphore or lock released too many times")
        self._held -= 1
        if self.kind != _RECURSIVE or not self._held:
            os.eventfd_write(self.handle, 1)

    def _poll(self, seconds: float | None) -> bool:
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._thread == threading.get_ident()

    def _is_zero(self) -> bool:
        return not self._poll(0)

    def _get_value(self) -> int:
        raise NotImplementedError("the value of a semaphore is not known here")

    def _after_fork(self) -> None:
        self._held = 0
        self._thread = 0


def do_without_shm() -> None:
    """Have `multiprocessing` and torch work without `/dev/shm`, for this process and its forks. Linux only."""
    if sys.platform != "linux":
        return
    started = multiprocessing.context._concrete_contexts  # type: ignore[attr-defined]
    started.update(spawn=started["fork"], forkserver=started["fork"])  # those are new programs, and have no `__main__`
    multiprocessing.set_start_method("fork", force=True)
    vars(sys.modules["_multiprocessing"])["SemLock"] = Semaphore
    multiprocessing.heap.Arena._dir_candidates = []  # type: ignore[attr-defined]  # leaves it the scratch folder
    UntypedStorage._new_shared = classmethod(_new)  # type: ignore[assignment,method-assign]
    Tensor.share_memory_ = _share  # type: ignore[method-assign]
    ForkingPickler.register(UntypedStorage, _reduce_storage)
    ForkingPickler.register(Tensor, _reduce_tensor)


def _new(cls: type[UntypedStorage], size: int, *, device: str = "cpu") -> UntypedStorage:
    return cls(size, device=device)


def _share(self: Tensor) -> Tensor:
    """`Tensor.share_memory_`: what is forked from now on sees what is written to it."""
    storage = self.untyped_storage()
    if not storage.is_shared() and storage.nbytes():
        file, path = tempfile.mkstemp()
        os.truncate(file, storage.nbytes())
        os.close(file)
        shared = cast(UntypedStorage, UntypedStorage.from_file(path, True, storage.nbytes()))
        os.unlink(path)
        shared.copy_(storage)
        empty = torch.empty(0, dtype=self.dtype)
        self.data = empty.set_(shared, self.storage_offset(), self.size(), self.stride())
    return self


def _reduce_storage(storage: UntypedStorage) -> Any:
    return _storage, (torch.empty(0, dtype=torch.uint8).set_(storage).numpy().tobytes(),)


def _storage(data: bytes) -> UntypedStorage:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).untyped_storage() if data else UntypedStorage(0)


def _reduce_tensor(tensor: Tensor) -> Any:
    """As torch does; of a large storage only the part that the tensor shows."""
    if tensor.is_leaf and tensor.layout is torch.strided and tensor.untyped_storage().nbytes() > tensor.nbytes:
        tensor = tensor.detach().clone().requires_grad_(tensor.requires_grad)
    return reduce_tensor(tensor)
