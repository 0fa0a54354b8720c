"""Episodes side by side, and the experiences that come of them."""
