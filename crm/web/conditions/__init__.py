"""The one editor of conditions, and the pages that serve it."""
