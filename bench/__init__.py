"""Measurements of Parley with real processes, each in a data folder and databases of its own."""
