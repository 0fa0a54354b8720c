"""Engines sample tokens for a policy: the protocol, the settings, and one file for each engine."""
