#!/usr/bin/env bash
# Runs the quick tests under each Python that is found, with the oldest torch that pyproject.toml allows, and with
# the newest; and says at the end how each of them ended. What follows goes to pytest. TORCH_INDEX is where pip finds torch's
# CPU builds beside its own index; PyTorch's, if not given.
set -uo pipefail
index=${TORCH_INDEX-https://download.pytorch.org/whl/cpu}
cd "$(dirname "$0")/.."
oldest=$(sed -n 's/.*"torch>=\([0-9.]*\)".*/\1/p' pyproject.toml)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
ended=()
failed=0

find_python() {  # the first that runs: pyenv's own stand-ins are there for Pythons that are not chosen, too
    local one
    for one in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        "$one" -c "" 2> /dev/null && echo "$one" && return
    done
}

for version in 3.11 3.12 3.13; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        ended+=("Python $version: not found")
        continue
    fi
    for torch in "torch==$oldest.*" torch; do
        "$python" -m venv --clear "$place/venv"
        if ! "$place/venv/bin/pip" install -q ${index:+--extra-index-url "$index"} "$torch" -e '.[dev]'; then
            ended+=("Python $version, $torch: cannot be installed")
            failed=1
            continue
        fi
        "$place/venv/bin/pytest" -q -n 2 --dist loadgroup -m "not slow" "$@"
        code=$?
        installed=$("$place/venv/bin/python" -c 'import torch; print(torch.__version__)')
        ended+=("Python $version, torch $installed: pytest ended with $code")
        [ $code = 0 ] || failed=1
    done
done
printf '%s\n' "${ended[@]}"
exit $failed
