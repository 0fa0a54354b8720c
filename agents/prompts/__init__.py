"""What a model is told: one record of texts for the three tasks."""

from agents.prompts.template import CHAT, PLAIN, PromptTemplate, Task

__all__ = ["CHAT", "PLAIN", "PromptTemplate", "Task"]
