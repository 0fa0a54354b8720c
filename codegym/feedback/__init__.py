"""What an execution means: records, tables and pure functions."""
