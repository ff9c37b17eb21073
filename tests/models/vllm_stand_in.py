"""A stand-in for the `vllm` command: answers what a server is asked while it starts.

python vllm_stand_in.py [FLAGS] serve MODEL …
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main() -> None:
    """Serve as the flags say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready-after", type=float, default=0.0)
    parser.add_argument("--die", action="store_true")
    parser.add_argument("--serves", help="a model that nobody asked for")
    parser.add_argument("--keep-child", type=Path, help="gets both process ids")
    parser.add_argument("serve")
    parser.add_argument("model")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--served-model-name")
    arguments, _ = parser.parse_known_args()
    print(f"loading {arguments.model}", flush=True)
    if arguments.die:
        sys.exit("ValueError: the weights are \x1b[31mspoiled")
    if arguments.keep_child:
        # As vLLM's engine: another process, here one that left the session.
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        arguments.keep_child.write_text(f"{os.getpid()} {child.pid}")
    tempfile.mkstemp(prefix="vllm_dist_")  # vLLM leaves such files behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(arguments.ready_after)
    name = arguments.serves or arguments.served_model_name

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {
                "/health": {},
                "/version": {"version": "0.0.stand-in"},
                "/v1/models": {"data": [{"id": name, "max_model_len": 4096}]},
            }
            body = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer((arguments.host, arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
