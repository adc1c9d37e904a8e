"""Delivery of a petition's result to whom it petitions."""
