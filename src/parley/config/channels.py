"""How conversations come in and go out. The list is the documentation."""

CHANNELS = ["parley.channels.email.channel"]
