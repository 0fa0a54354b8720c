"""From a corpus of source code to preference pairs."""
