#!/usr/bin/env bash
# Run once, when Gradescope builds the image: Python, and what the grader needs. Its Ubuntu 22.04 has Python 3.10, which is
# too old; uv brings one of its own there, which needs no other sources of packages.
set -euo pipefail
apt-get update
apt-get install -y python3 python3-pip python3-venv
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python3 -m venv /autograder/venv
else
    python3 -m pip install --no-cache-dir uv
    UV_PYTHON_INSTALL_DIR=/autograder/python python3 -m uv venv --seed --python 3.12 /autograder/venv
fi
/autograder/venv/bin/pip install --no-cache-dir \
    --extra-index-url https://download.pytorch.org/whl/cpu -r /autograder/source/requirements.txt
