"""What is configured."""

__version__ = "0.2.0"
