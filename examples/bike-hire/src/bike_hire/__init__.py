"""Hourly demand for hire bikes, and where to move bikes overnight."""
