"""The command line: its process, and the files that it writes."""
