"""What a study asks of its data: groups of clips that belong together, ranges, coverage, shortcuts, questions."""
