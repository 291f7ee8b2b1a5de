"""serve.py FOLDER LOG: a web server on a free port of 127.0.0.1, with ranges as real ones have; says its port on its first line.

Each request is a line of LOG: path, then the range asked for. /cut/ breaks off every transfer half way; /plain/ knows no ranges."""
import functools
import http.server
import os
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    log_file = None

    def do_GET(self):
        wanted = self.headers.get("Range", "")
        print(self.path, wanted, file=self.log_file, flush=True)
        how, name = self.path.lstrip("/").split("/", 1)
        try:
            with open(os.path.join(self.directory, os.path.basename(name)), "rb") as f:
                data = f.read()
        except OSError:
            self.send_error(404)
            return
        first = int(wanted[len("bytes="):].split("-")[0]) if wanted and how != "plain" else 0
        if first and first >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        self.wfile.write(data[first:first + (len(data) - first) // 2] if how == "cut" else data[first:])

    def log_message(self, *arguments):
        pass


Handler.log_file = open(sys.argv[2], "a")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(server.server_port, flush=True)
server.serve_forever()
