"""Answers a command at a terminal.

    dialogue.py COMMAND ANSWERS

COMMAND is a list as JSON; ANSWERS a list of pairs, as JSON: a text that the command writes, and what is typed then. Prints as JSON
what the command wrote, with its exit code.
"""

import json
import os
import pty
import select
import sys
import time


def main():
    command, answers = json.loads(sys.argv[-2]), json.loads(sys.argv[-1])
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    written, seen, deadline = b"", 0, time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        if ready:
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part:
                break
            written += part
        if answers and answers[0][0].encode() in written[seen:]:
            seen = len(written)
            os.write(terminal, answers.pop(0)[1].encode() + b"\r")
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"written": written.decode(errors="replace"), "code": os.waitstatus_to_exitcode(status), "left": answers}))


main()
