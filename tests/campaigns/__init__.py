"""Attacks on minigrad, each a command: see README.md beside this file."""
