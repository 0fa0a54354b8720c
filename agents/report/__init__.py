"""Runs as one page to look at: a single HTML file that needs no network."""
