"""Starts the web server and says when it is ready."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from pathlib import Path

_QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}


def serve(*, store: Path | None, host: str, port: int) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: The address cannot be listened on, or a setting is wrong.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)  # before the libraries that read them are imported
    listener = _listen(host, port)
    import uvicorn

    from assistant.bootstrap import open_assistant, read_settings
    from ui.app import create_app
    from ui.session import load_secret
    from ui.settings import read_ui_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings, page = read_settings(store=store), read_ui_settings()
    assistant = open_assistant(settings, wait=False)  # a shop does not close for a rebuild
    app = create_app(assistant, page, secret=load_secret(page, settings.store_dir))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
    address = f"http://{host}:{listener.getsockname()[1]}"
    print(f"ShopTalk is ready: {address}  (service console {address}/agent, REST {address}/api/docs)", flush=True)  # noqa: T201
    try:
        server.run(sockets=[listener])
    finally:
        assistant.close()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port first: a busy one is told at once, not after the models are loaded."""
    import socket

    from assistant.errors import SettingsError

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise SettingsError(f"cannot listen on {host}:{port} ({error}): choose another with --port or PORT=") from error
    return listener
