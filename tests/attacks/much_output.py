# Prints 40 MB.
# aims: exhausts
# shows: more characters
# costs:
# %%
for _ in range(40):
    print("x" * 1_000_000)
