"""Runs a command on a terminal of its own and types.

    python terminal.py '[["text to wait for", "keys to type"], ...]' COMMAND [ARG ...]

Prints all that the terminal showed and ends with the command's status.
"""

import json
import os
import pty
import sys


def main(steps, command):
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    shown = b""
    seen = 0
    for text, keys in steps:
        while (found := shown.find(text.encode(), seen)) == -1:
            more = read(terminal)
            if not more:
                break
            shown += more
        if found == -1:
            break
        seen = found + len(text)
        os.write(terminal, keys.encode())
    while more := read(terminal):
        shown += more
    sys.stdout.buffer.write(shown)
    _, status = os.waitpid(process, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def read(terminal):
    """Nothing at the end: Linux then says EIO."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
