"""Makers of what the packages ship as data; they are no part of the packages themselves."""
