"""A program around the local stack, for the tests that end it: prints what it started, then waits."""

from __future__ import annotations

import json
import os
import sys
import time

from local.stack import LocalStack


def main() -> None:
    """Start, tell, wait; `python -m tests.integration.stack_program [raise]`."""
    with LocalStack(database_url=os.environ.get("DATABASE_URL")) as stack:
        told = {
            "folder": str(stack.folder),
            "function_pid": stack.function.pid,
            "ports": [stack.database.port, int(stack.aws.endpoint_url.rpartition(":")[2])],
        }
        print(json.dumps(told), flush=True)
        if "raise" in sys.argv:
            raise RuntimeError("the program failed")
        time.sleep(600)


if __name__ == "__main__":
    main()
