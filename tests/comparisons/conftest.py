"""The commands in this folder import frameworks that the tests do without."""

collect_ignore = ["opinfo.py"]
