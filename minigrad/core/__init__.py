"""The core: Variables, Functions, and the way back through their graph."""
