"""The web interface: the files that `frontend/` is built into, and the page that loads them."""

from ctfy.server.web.routes import router

__all__ = ["router"]
