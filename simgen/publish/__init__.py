"""A finished dataset for others: its card with pictures, Croissant metadata, the way to the Hugging Face Hub.

Reads what is on disk and simulates nothing. Nothing here is imported before it is asked for.
"""
