"""Rankings of programs that are compared with those of the package."""
