"""codegym: the Gymnasium environment for program synthesis."""
