"""Studies: clips that belong together, as a data-efficiency experiment needs them."""
