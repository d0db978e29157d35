# Allocates 8 GB: torch in a cell, Python in a cell, and a step at a time in a function.
# aims: exhausts
# shows: "limit": "memory"
# costs: noise, linear, postorder
# %%
# exercise: noise
torch.zeros(8 << 28)

# %%
# exercise: linear
bytearray(8 << 30)

# %%
# exercise: postorder
def postorder(model):
    kept = []
    while True:
        kept.append(torch.ones(16 << 18))
