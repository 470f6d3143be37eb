"""Values that every layer of Choir speaks of: identities, lifecycle, visibility, parameters."""
