"""The version, on the ground floor: the package, the command and every record read it here."""

__version__ = "0.1.0"
