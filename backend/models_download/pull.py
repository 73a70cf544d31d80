"""What the script and the command share: which models, from where, into which folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import MODELS, ModelSpec
from models_download.fetch import FetchError, Network, Source, fetch

#: Models whose weights are downloads.
DOWNLOADS: Final = tuple(spec for spec in MODELS.values() if not spec.is_embedded)
#: Where the weights go unless `U2NET_HOME` or an option says otherwise.
DEFAULT_DIR: Final = Path(__file__).resolve().parents[2] / ".weights"

#: Called with the model and the bytes that are there so far.
Tell = Callable[[ModelSpec, int], None]


def choose(names: Sequence[str]) -> list[ModelSpec]:
    """Return the models of these names; of none: every one that is a download.

    Raises:
        FetchError: there is no such download.

    """
    known = {spec.name: spec for spec in DOWNLOADS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FetchError(f"there is no download called {unknown[0]!r}; there are {' and '.join(known)}.")
    return [known[name] for name in names] if names else list(DOWNLOADS)


def source_of(spec: ModelSpec, mirror: str | None) -> Source:
    """Return where a model's weights come from.

    Args:
        spec: the model.
        mirror: the address of a folder that holds the files under their own names; None: as published.

    Raises:
        FetchError: the mirror is no http or https address.

    """
    if mirror is not None and not mirror.startswith(("http://", "https://")):
        raise FetchError(f"the mirror must be an http:// or https:// address, not {mirror!r}.")
    url = spec.url or "" if mirror is None else f"{mirror.rstrip('/')}/{spec.filename}"
    return Source(url, spec.size_bytes, spec.sha256)


def pull(spec: ModelSpec, folder: Path, mirror: str | None, network: Network, tell: Tell) -> bool:
    """Make a model's weights be there and be right; return whether anything was fetched.

    Raises:
        FetchError: they cannot be had.

    """
    if weight_files.fault(spec, folder) is None:
        tell(spec, spec.size_bytes)
        return False
    target = weight_files.original(spec, folder)
    fetch(source_of(spec, mirror), target, network, lambda done: tell(spec, done))
    return True
