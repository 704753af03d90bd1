"""ctfy: a capture-the-flag platform for people and AI agents."""

__version__ = "0.6.0"
