"""Evidence to the sentences of an answer."""
