"""Where clinicians, editors and programs meet ragqa: the HTTP API and the pages. ``app`` explains how the parts fit."""
