"""The tests' folder is a package, so that `tests.contracts` and `tests.bench` can be imported from the root."""
