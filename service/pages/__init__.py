"""Pages for people. Every page works without JavaScript; a GET never stamps."""
