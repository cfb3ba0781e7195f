"""What a study asks of its data: coverage, ranges in and out of training, nearest clips, shortcuts."""
