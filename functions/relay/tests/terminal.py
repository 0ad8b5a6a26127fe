"""Runs a program on a terminal of its own, as a person does: waits for what it says, and types.

terminal.py STEPS PROGRAM [ARGUMENT]…

STEPS is a JSON list of [TEXT, KEYS]: once the program has said TEXT, after what it had said when keys were pressed last, KEYS are
typed. All that it said goes to standard output; the exit status is the program's own.
"""

import json
import os
import pty
import select
import sys
import time

# A machine that does much else at once is slow.
PATIENCE = 120


def main():
    steps, program = json.loads(sys.argv[1]), sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program[0], program)
    said, seen, ends = b"", 0, time.monotonic() + PATIENCE
    while True:
        if time.monotonic() > ends:
            os.kill(child, 9)
            sys.exit(f"still waiting for {steps[:1]} after:\n{said.decode(errors='replace')}")
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            # The program has closed it.
            more = b""
        if not more:
            break
        said += more
        while steps and (place := said.find(steps[0][0].encode(), seen)) >= 0:
            seen = place + len(steps[0][0].encode())
            os.write(terminal, steps.pop(0)[1].encode())
    sys.stdout.write(said.decode(errors="replace").replace("\r\n", "\n"))
    sys.stdout.flush()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(f"it never said {steps}" if steps else status)


main()
