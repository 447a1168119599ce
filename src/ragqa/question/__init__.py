"""A question read before anything is searched: without identifiers, made to stand alone, or refused."""
