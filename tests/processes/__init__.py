"""Parley as it is run: commands, the supervisor and its processes, a real server and real sockets."""
