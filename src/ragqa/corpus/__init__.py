"""What the hospital wrote and collected, as records, and who approved it."""
