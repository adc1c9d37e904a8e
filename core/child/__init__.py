"""Work that a stranger's file could make too heavy, in a process of its own."""
