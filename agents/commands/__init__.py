"""The commands of ``codegym``: one file a noun, one frozen dataclass a command."""
