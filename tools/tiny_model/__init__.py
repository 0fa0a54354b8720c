"""The makers of the small models ``tiny`` and ``nano``, whose weights the package ships.

``python -m tools.tiny_model`` makes them anew.
"""
