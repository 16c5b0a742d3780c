"""The version, read by the build and by `tulle --version`."""

__version__ = "0.1.0"
