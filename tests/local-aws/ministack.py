"""ministack, with a clock that tests can move, a log of what it was asked, and the layers that it leaves out.

A drop-in for the `ministack` command: without these variables, and AUTH, it is nothing else.

CLOCK_FILE    a file with the number of seconds by which its clock is ahead of the machine's. Whoever writes it moves the
              clock, at once: messages become visible, deduplication ids and leases lapse, and a test of twelve hours
              takes no time. It only ever goes forward: a smaller number is not taken.
REQUEST_LOG   a file that gets a line for each request: the microseconds it took, method, path, whose request it is of DynamoDB
              (`test` or `function`), how many keys it names (of an item that is put: how many KB it has), what its one
              key begins with (up to a slash), X-Amz-Target, the tables of DynamoDB that it names, and the status.
PROCESS_LOG   a file that gets a line for each function that is started: the number of its process, and its name. A function
              closes its memory and its environment to others, so that nobody else can tell.
RUN_LOG       a file that gets a line for each run: its request id, and the microseconds from when the function was handed the
              event until it answered, which is what Lambda is paid for. What ministack reports has its own time too: it
              waits for the log, up to 50 ms.
NO_WAITING    whoever asks an empty queue for messages waits for none, however long it would. For tests that ask nothing while
              something is on its way: their waiting is most of their time.
LAYERS_IN     the variable that tells a function where its layers are: /opt, where Lambda unpacks them. ministack gives
              a `bootstrap` none, and /opt is not ours to write, so a function is told another folder in its place. One
              that is told nothing is told nothing here either.
"""

import hashlib
import io
import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import time
import zipfile

# The folder of this file, in which `import ministack` would find it.
del sys.path[0]


# The Runtime API writes head and body apart: the second would wait for the acknowledgement of the first, which takes 40 ms.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True


class Clock:
    """The machine's clock, and what the file says."""

    def __init__(self, file):
        self.file, self.read_at, self.ahead = file, None, 0.0
        # Visibility, deduplication, retention and time to live all go by `time.time`. What waits (sockets, the event
        # loop) goes by the monotonic clock, which stays as it is.
        self.machine = time.time

    def __call__(self):
        try:
            changed = os.stat(self.file).st_mtime_ns
            if changed != self.read_at:
                with open(self.file) as file:
                    self.ahead = max(self.ahead, float(file.read()))
                self.read_at = changed
        except (FileNotFoundError, ValueError):
            pass  # not written yet, or just being written
        return self.machine() + self.ahead


if os.environ.get("CLOCK_FILE"):
    time.time = Clock(os.environ["CLOCK_FILE"])

if os.environ.get("PROCESS_LOG"):

    class Popen(subprocess.Popen):
        def __init__(self, *command, **options):
            super().__init__(*command, **options)
            name = (options.get("env") or {}).get("AWS_LAMBDA_FUNCTION_NAME")
            if name:
                with open(os.environ["PROCESS_LOG"], "a") as file:
                    file.write(f"{self.pid} {name}\n")

    subprocess.Popen = Popen

if os.environ.get("RUN_LOG"):
    from ministack.core.lambda_runtime import ProvidedWorker

    began, invoked, recorded = {}, ProvidedWorker.invoke, ProvidedWorker._record_result

    def invoke(self, event, request_id, **rest):
        began[request_id] = time.monotonic()
        return invoked(self, event, request_id, **rest)

    def record(self, generation, request_id, *rest):
        took = time.monotonic() - began.pop(request_id, time.monotonic())
        with open(os.environ["RUN_LOG"], "a") as file:
            file.write(f"{request_id} {took * 1_000_000:.0f}\n")
        return recorded(self, generation, request_id, *rest)

    ProvidedWorker.invoke, ProvidedWorker._record_result = invoke, record

if os.environ.get("REQUEST_LOG"):
    from hypercorn.config import Config

    Config.accesslog = os.environ["REQUEST_LOG"]
    Config.access_log_format = "%(D)s %(m)s %(U)s %({keys}o)s %({x-amz-target}i)s %({tables}o)s %(s)s"

    from ministack.services import dynamodb

    answered = dynamodb.handle_request

    async def with_tables(method, path, headers, body, query):
        status, answer, content = await answered(method, path, headers, body, query)
        # The log sees no bodies, so that the answer's head tells it.
        asked = json.loads(body or "{}")
        tables = asked.get("RequestItems") or [asked.get("TableName", "-")]
        whose = "test" if "Credential=test/" in headers.get("authorization", "") else "function"
        keys = f"{whose} {count_keys(asked)} {first_word_of_key(asked)}"
        return status, answer | {"tables": ",".join(tables), "keys": keys}, content

    def count_keys(asked):
        if "Item" in asked:
            return -(-bytes_of(asked["Item"]) // 1024)
        items = asked.get("RequestItems", {}).values()
        return sum(len(of.get("Keys", [])) if isinstance(of, dict) else len(of) for of in items) or 1

    def bytes_of(item):
        # As DynamoDB counts them; binary values travel as base64.
        def of(value):
            [(kind, content)] = value.items()
            return len(content) * 3 // 4 if kind == "B" else len(str(content).encode())

        return sum(len(name) + of(value) for name, value in item.items())

    def first_word_of_key(asked):
        name = (asked.get("Key") or asked.get("Item") or {}).get("name", {}).get("S", "-")
        return name.split("/")[0]

    dynamodb.handle_request = with_tables

if os.environ.get("NO_WAITING"):
    from ministack.services import sqs

    receive = sqs._HANDLERS["ReceiveMessage"]
    sqs._HANDLERS["ReceiveMessage"] = lambda asked, queue: receive(asked | {"WaitTimeSeconds": 0}, queue)

if os.environ.get("LAYERS_IN"):
    from ministack.services import lambda_svc

    without_layers = lambda_svc._provided_worker_env

    def with_layers(config, *rest):
        environment = without_layers(config, *rest)
        if environment.get(os.environ["LAYERS_IN"]) == "/opt":
            environment[os.environ["LAYERS_IN"]] = unpacked(config.get("Layers", []))
        return environment

    def unpacked(layers):
        layers = [zipped for layer in layers if (zipped := lambda_svc._resolve_layer_zip(layer))]
        content = hashlib.sha256(b"".join(layers)).hexdigest()
        folder = os.path.join(tempfile.gettempdir(), f"layers-{content}")
        if not os.path.isdir(folder):
            # In one step: functions start at the same time, and none may read a file that another's start is writing.
            fresh = tempfile.mkdtemp(prefix="layers-")
            for zipped in layers:
                zipfile.ZipFile(io.BytesIO(zipped)).extractall(fresh)
            try:
                os.rename(fresh, folder)
            except OSError:
                shutil.rmtree(fresh)  # another was first
        return folder

    lambda_svc._provided_worker_env = with_layers

if os.environ.get("AUTH"):
    from ministack.core import iam_actions

    action_of = iam_actions.extract_iam_action

    def permission_of(service, *rest):
        # AWS knows no permission sqs:SendMessageBatch: sqs:SendMessage covers it. ministack asks for it.
        action = action_of(service, *rest)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    iam_actions.extract_iam_action = permission_of

from ministack import app  # noqa: E402: only now that the clock is set

if os.environ.get("CLOCK_FILE"):
    date_of = app.formatdate
    # Signatures are checked by the machine's clock, and a client signs by the date of the answers that it gets.
    app.formatdate = lambda **how: date_of(time.time.machine(), **how)

app.main()
