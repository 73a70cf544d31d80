"""The one tag scheme: `v{version}` for releases, `v{version}-{sha7}` for staging."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

#: What the repository's lifecycle policy counts; every tag begins with it.
LIFECYCLE_PREFIX: Final = "v"
_TAG: Final = re.compile(r"v(?P<version>\d+\.\d+\.\d+)(-[0-9a-f]{7})?")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class TagError(Exception):
    """A tag, a version or a commit is not one; the message names it."""


def staging_tag(version: str, commit: str) -> str:
    """Return the tag of a commit on its way to staging.

    Args:
        version: the project's, as "1.2.3".
        commit: the full hash, 40 hexadecimal digits.

    Raises:
        TagError: either is malformed.

    """
    if not _COMMIT.fullmatch(commit):
        raise TagError(f"{commit!r} is not a full commit hash")
    return require_tag(f"{LIFECYCLE_PREFIX}{version}-{commit[:7]}")


def release_tag(version: str, git_tag: str) -> str:
    """Return the tag of a release.

    Raises:
        TagError: the git tag is not `v` and the project's version, so it would name other code than it says.

    """
    tag = require_tag(f"{LIFECYCLE_PREFIX}{version}")
    if git_tag != tag:
        raise TagError(f"the git tag is {git_tag!r}, the project's version makes it {tag!r}")
    return tag


def require_tag(tag: str) -> str:
    """Return a tag of the scheme.

    Raises:
        TagError: it is not one.

    """
    if not _TAG.fullmatch(tag):
        raise TagError(f"{tag!r} is neither v{{version}} nor v{{version}}-{{sha7}}")
    return tag


def project_version(pyproject: Path) -> str:
    """Return the version that a pyproject.toml names."""
    return str(tomllib.loads(pyproject.read_text())["project"]["version"])
