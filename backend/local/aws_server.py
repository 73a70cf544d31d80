"""S3, SQS and Secrets Manager on a loopback port: `python -m local.aws_server`.

Prints its port, then serves until its standard input ends; so it never outlives whoever started it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main() -> None:
    """Serve until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.buffer.read()
    # Long polls may still hold threads; nothing here needs to be kept.
    os._exit(0)


if __name__ == "__main__":
    main()
