"""Articles → passages → vectors and keywords → ranked hits → a calibrated decision."""
