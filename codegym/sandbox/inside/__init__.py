"""The code that runs inside the sandbox's processes: standard library only, started as a file, never imported with its parents."""
