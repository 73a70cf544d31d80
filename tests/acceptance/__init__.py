"""The image as Lambda runs it, and everything it talks to, on this machine: `make acceptance`."""
