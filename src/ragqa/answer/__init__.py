"""The answer: what makes it valid, how strong its evidence is, how it looks."""
