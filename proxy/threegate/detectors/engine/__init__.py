"""What every pattern recognizer is built on, and the scanner that runs them."""
