#!/usr/bin/env bash
# Run once, when Gradescope builds the image: Python, and what the grader needs.
set -euo pipefail
apt-get update
apt-get install -y python3 python3-pip python3-venv
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --no-cache-dir \
    --extra-index-url https://download.pytorch.org/whl/cpu -r /autograder/source/requirements.txt
