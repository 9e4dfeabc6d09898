"""All that touches the insides of uvicorn and websockets.

``tests/web/asgi/test_uvicorn_contract.py`` holds them to what was read; the versions are bounded above.
"""
