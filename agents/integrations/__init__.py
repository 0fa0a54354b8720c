"""Adapters for other people's trainers. Empty until the first one is written."""
