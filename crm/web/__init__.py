"""The web interface: Flask, Flask-AppBuilder, pages and the REST API."""
