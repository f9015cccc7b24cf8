"""Layer 3: an answer, whole or streamed, through its stream machines and back to the client."""
