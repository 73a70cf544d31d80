"""One tag scheme, the same for what is pushed and what the repository counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.tags import LIFECYCLE_PREFIX, TagError, release_tag, require_tag, staging_tag

COMMIT = "0a1b2c3d" + 32 * "e"
_versions = st.from_regex(r"\A[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}\Z")
_commits = st.from_regex(r"\A[0-9a-f]{40}\Z")


def test_a_staging_tag_names_version_and_commit() -> None:
    """v{version}-{sha7}."""
    assert staging_tag("1.2.3", COMMIT) == "v1.2.3-0a1b2c3"


def test_a_release_tag_is_the_git_tag() -> None:
    """v{version}."""
    assert release_tag("1.2.3", "v1.2.3") == "v1.2.3"


@pytest.mark.parametrize("git_tag", ["v1.2.4", "1.2.3", "v1.2.3-0a1b2c3", ""])
def test_a_git_tag_that_names_other_code_is_refused(git_tag: str) -> None:
    """The version in the code and the tag say the same."""
    with pytest.raises(TagError, match=r"the project's version makes it 'v1\.2\.3'"):
        release_tag("1.2.3", git_tag)


@given(_versions, _commits)
def test_every_tag_is_counted_by_the_lifecycle(version: str, commit: str) -> None:
    """Whatever is pushed begins with the prefix that the repository's policy counts."""
    for tag in (staging_tag(version, commit), release_tag(version, f"v{version}")):
        assert tag.startswith(LIFECYCLE_PREFIX)
        assert require_tag(tag) == tag


@pytest.mark.parametrize(
    "tag", ["latest", "1.2.3", "v1.2", "v1.2.3-0A1B2C3", "v1.2.3-0a1b2c", "v1.2.3 ", "v1.2.3\n"]
)
def test_other_tags_are_refused(tag: str) -> None:
    """Nothing outside the scheme is deployed."""
    with pytest.raises(TagError):
        require_tag(tag)


def test_a_short_commit_is_refused() -> None:
    """Seven digits of a branch's name are not a commit."""
    with pytest.raises(TagError, match="full commit hash"):
        staging_tag("1.2.3", "0a1b2c3")
