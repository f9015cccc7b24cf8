"""Tests that policies carry, and reports of them."""
