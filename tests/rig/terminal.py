"""Runs the built examples on a terminal of so many columns, and says how wide what they print there is."""

import fcntl
import os
import pty
import struct
import subprocess
import tempfile
import termios
import unicodedata

from programs import EXAMPLES, Outcome


def on_terminal(columns, name, *arguments, variables=None):
    """What is on the terminal, and, apart from that, on standard error."""
    terminal, program_side = pty.openpty()
    fcntl.ioctl(program_side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", **(variables or {})}
    environment.pop("COLUMNS", None)
    with tempfile.TemporaryFile() as errors:
        command = [os.path.join(EXAMPLES, name), *map(str, arguments)]
        program = subprocess.Popen(command, stdin=program_side, stdout=program_side, stderr=errors, env=environment)
        os.close(program_side)
        screen = read_all(terminal)
        os.close(terminal)
        status = program.wait(timeout=180)
        errors.seek(0)
        said = errors.read().decode()
    return Outcome(status, screen.decode().replace("\r\n", "\n"), said)


def read_all(terminal):
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # a terminal whose program has ended
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def width(line):
    """How many columns a line takes: two for a wide character, none for one that combines with the one before it."""
    of_character = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(c) else of_character.get(unicodedata.east_asian_width(c), 1) for c in line
    )
