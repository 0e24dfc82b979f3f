"""pytest puts this folder on sys.path because of this file: tests import gradients.py from it."""
