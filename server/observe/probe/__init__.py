"""Looking into a running process from outside its event loop, which may be blocked.

``loop_watch`` measures the loop, ``stacks`` samples what the threads do, ``vitals`` describes the process,
``places`` names the sockets, ``listener`` answers on one, and ``asking`` asks those of a folder.
"""
