# SPDX-License-Identifier: MIT
"""The reference service as a Flask application, for gunicorn or any other WSGI server."""
import socket

import flask
from werkzeug.exceptions import HTTPException

import http_api
import service

READ = 1 << 16  # bytes of a streamed body that are asked for at once

app = flask.Flask("rpycbench", static_folder=None)
app.config["MAX_CONTENT_LENGTH"] = service.LIMIT


def as_json(body, status=200):
    return flask.Response(body, status=status, mimetype=http_api.JSON)


def as_bytes(body):
    return flask.Response(body, mimetype=http_api.BINARY)


@app.get("/")
def root():
    return as_json(http_api.root())


@app.get("/ping")
def ping():
    return as_json(http_api.ping())


@app.post("/echo")
def echo():
    return as_bytes(service.echo(flask.request.get_data()))


@app.post("/upload")
def upload():
    if flask.request.content_length is None:  # chunked; the WSGI server decodes it
        return as_json(http_api.upload_chunked(iter(lambda: flask.request.stream.read(READ), b"")))
    return as_json(http_api.upload(flask.request.get_data()))


@app.get("/download/<size>")
def download(size):
    return as_bytes(http_api.download(size, flask.request.args.get("chunk")))


@app.post("/upload-chunk")
def upload_chunk():
    return as_json(http_api.upload_chunk(flask.request.get_data()))


@app.get("/download-chunk/<size>")
def download_chunk(size):
    return as_bytes(http_api.download_chunk(size, flask.request.args.get("offset", "0")))


@app.get("/cpu/<iterations>")
def cpu(iterations):
    return as_json(http_api.cpu(iterations))


@app.get("/compute/<n>")
def compute(n):
    return as_json(http_api.compute(n))


@app.get("/io/<delay>")
def io(delay):
    return as_json(http_api.io(delay))


@app.get("/health")
def health():
    return as_json(http_api.health())


@app.get("/users/<number>")
def user(number):
    return as_json(http_api.user(number))


@app.get("/users")
def users():
    query = flask.request.args
    return as_json(http_api.users(query.get("n", "100"), query.get("ids")))


@app.get("/fail/<kind>")
def fail(kind):
    return as_json(http_api.fail(kind))


@app.errorhandler(service.Drop)
def drop(_error):
    """WSGI cannot say this; gunicorn finds the connection closed when it wants to answer."""
    flask.request.environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    return flask.Response(status=500)


@app.errorhandler(ValueError)
def bad_value(error):
    return as_json(http_api.error("ValueError", str(error)), 400)


@app.errorhandler(HTTPException)
def http_error(error):
    reply = error.get_response()
    reply.data = http_api.error(type(error).__name__, error.description)
    reply.content_type = http_api.JSON
    return reply


@app.errorhandler(Exception)
def failed(error):
    return as_json(http_api.error(type(error).__name__, str(error)), 500)
