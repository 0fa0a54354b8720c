"""Runs untrusted programs and says what they did; knows neither problems nor rewards."""
