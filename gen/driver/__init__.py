"""The drivers that are delivered with an engine; none is used by the generator."""
