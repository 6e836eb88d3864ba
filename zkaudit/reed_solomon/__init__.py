"""Reed-Solomon rows with zero-knowledge padding: where they are evaluated, and how they are encoded."""
