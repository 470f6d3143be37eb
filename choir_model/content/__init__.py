"""The content store as a reference: cells, the actions on them, and a port over both."""
