"""Builds the image and tells how large its layers are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from container.base import BASE_IMAGE
from container.engine import Engine

#: A certificate authority of one's own, as the tools that download are told of it.
_CA_VARIABLES: Final = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
#: Where the last stage copies from -> the layer's name in reports.
_LAYERS: Final = {"/dependencies": "dependencies", "/weights": "weights", "/code": "code"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built."""

    context: Path
    tag: str
    version: str
    #: "download", or "local": what lies in the context's .weights.
    weights: str
    base: str = BASE_IMAGE


def build(engine: Engine, order: Order) -> None:
    """Build an image for linux/amd64.

    Raises:
        EngineError: a step failed; with its last lines.

    """
    arguments = {"BASE_IMAGE": order.base, "VERSION": order.version, "WEIGHTS": order.weights}
    options = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    if engine.has_buildx:
        # Lambda takes a plain image; only buildx adds attestations, and only it knows the options.
        options += ["--provenance=false", "--sbom=false", "--load"]
    authority = next((path for name in _CA_VARIABLES if (path := os.environ.get(name))), None)
    if authority and Path(authority).is_file():
        options += ["--secret", f"id=ca,src={authority}"]
    engine.run(
        "build",
        "--platform",
        "linux/amd64",
        "--network",
        "host",
        *options,
        "--tag",
        order.tag,
        str(order.context),
    )


def layers_mb(engine: Engine, tag: str) -> dict[str, float]:
    """Return the size of each of our layers and of the base, in MB of 1,000,000 bytes, uncompressed."""
    sizes = dict.fromkeys(_LAYERS.values(), 0.0) | {"base": 0.0}
    history = engine.run(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", tag
    )
    for line in history.splitlines():
        size, _, command = line.partition("\t")
        sources = [word for word in command.split() if word in _LAYERS]
        ours = _LAYERS[sources[0]] if command.startswith("COPY") and sources else "base"
        sizes[ours] += int(size) / 1e6
    return {name: round(size, 1) for name, size in sizes.items()}
