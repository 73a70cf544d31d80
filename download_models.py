#!/usr/bin/env python3
"""Fetch the weights into U2NET_HOME, check size and SHA-256, and optimise the graphs: `--help` says how.

Needs Python alone (and onnxruntime for --optimise), no installed project: the image's build runs it so.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "backend"))

from models_download.main import main

if __name__ == "__main__":
    # onnxruntime would send usage data to its maker.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    sys.exit(main(sys.argv[1:], os.environ))
