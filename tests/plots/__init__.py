"""Tests of minigrad/plots."""
