"""Stand-ins for vendors whose systems cannot be run here: strict, on a real socket, with faults by a seeded plan."""
