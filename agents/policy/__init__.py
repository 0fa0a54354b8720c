"""A language model that writes: loading, prompts, completions, token offsets."""
