"""What every web process is started with, wherever it runs: gunicorn reads this file by its name. Procfile, bin/dev and the benchmarks
add the address, and what is different there."""

import gc
import os

from gunicorn.http import message

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
threads = 8
timeout = 120
graceful_timeout = 20
control_socket_disable = True
# 10 000 letters of any alphabet, twelve signs each in an address: what is too long for its field is told beside it, on our page and in Spanish.
# A page of such an address tells it in the headers of what it asks for. What is longer still is answered by gunicorn (414, 431), in English,
# before any application is asked. Without a limit a line would be kept in memory however long it is; more than 8 190 gunicorn takes only so.
message.MAX_REQUEST_LINE = limit_request_line = limit_request_field_size = 128 << 10


def post_worker_init(worker):
    """The application's own objects stay as long as the process: searched for garbage again and again, they stopped a request for up to
    200 ms. And a page makes some thousands of objects, all gone with it: no need to search after every 700."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000)
