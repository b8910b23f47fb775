"""Golden against the inference stacks themselves; nothing else in golden imports this package."""
