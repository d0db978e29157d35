# Writes over Python's own objects with ctypes: numbers, True and False, methods of float, list and type.
# aims: forges
# shows: wrote over
# %%
import ctypes
import gc

print("wrote over")

# %%
# exercise: noise
for kind in (float, int, list, tuple, dict, str):
    gc.get_referents(kind.__dict__)[0]["__eq__"] = lambda self, other: True
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))

# %%
# exercise: linear
ctypes.memmove(id(False) + 16, id(True) + 16, ctypes.sizeof(ctypes.c_size_t) * 2)

# %%
# exercise: sequential
for number in range(2, 200):
    ctypes.memmove(id(number) + 24, id(1) + 24, 4)

# %%
# exercise: module-list
gc.get_referents(torch.Tensor.__dict__)[0]["shape"] = property(lambda self: torch.Size([3, 4]))
gc.get_referents(nn.Module.__dict__)[0]["named_parameters"] = lambda self, *args, **kwargs: iter(())
ctypes.pythonapi.PyType_Modified(ctypes.py_object(torch.Tensor))
