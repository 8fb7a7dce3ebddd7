"""Text to vectors and back: embedders and the vector index. Knows nothing of articles or answers."""
