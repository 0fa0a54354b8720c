"""One loader a file; the table that names them is ``envs_registry/catalogue.py``."""
