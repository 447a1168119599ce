"""What editors do: review articles, sign off answers, and make them anew when evidence changes."""
