"""Contestants of ``codedpo_matrix.py``: other ways to run every program against every test."""
