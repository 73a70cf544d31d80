"""The image on this machine: an engine to build and run it with, a base, the build, the layers' sizes."""
