"""The `image-processor` command."""
