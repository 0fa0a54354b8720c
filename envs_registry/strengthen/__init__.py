"""More tests for weak suites: inputs mutated by type, kept when they kill mutants that the old tests let live."""
