"""pytest finds minigrad's own plugin here."""

pytest_plugins = ["minigrad.testing.plugin"]
