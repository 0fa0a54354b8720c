"""What runs inside the sandbox's processes: standard library only, started as a file, never with its parents."""
