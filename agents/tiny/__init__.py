"""Small models that codegym builds itself, so that everything runs offline right after installation."""
