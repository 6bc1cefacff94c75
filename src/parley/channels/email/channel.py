"""E-mail as a channel: registered with the desk when the program is assembled (config/channels.py)."""

from parley.channels.email import receive  # noqa: F401 - its job
from parley.channels.email.deliver import EmailChannel, EmailPostman
from parley.desk import ports

ports.register(EmailChannel())
ports.register_postman(EmailPostman())
