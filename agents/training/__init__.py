"""What every learner shares: the agent, the gradient step, checkpoints, logging."""
