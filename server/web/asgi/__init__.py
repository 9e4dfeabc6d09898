"""All code that depends on the internals of uvicorn and websockets.

``tests/web/asgi/test_uvicorn_contract.py`` checks those internals; the versions are bounded above.
"""
