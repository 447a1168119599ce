"""What the API is sent and what it sends, beside Answer and ArticlePage: a module for each family of routes."""
