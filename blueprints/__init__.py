"""Pages: parse, ask a service, commit, render or redirect."""
