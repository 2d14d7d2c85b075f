"""An S3 server on a free port of this machine. Says which on its first line, and ends with its standard input."""

import logging
import sys

from moto.server import ThreadedMotoServer

# A line per request is for those who look for something.
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
