"""`make bench`: ours against the deployed path, interleaved, in one run."""
