"""What every web process is started with, wherever it runs: gunicorn reads this file by its name. Procfile, bin/dev and the benchmarks
add the address, and what is different there."""

import gc
import os

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", 2))
threads = 8
timeout = 120
graceful_timeout = 20
control_socket_disable = True
# The most there is (4094 without it): filters in another alphabet take twelve signs a letter in an address, and what is too long for its
# field is told beside it. What is longer still is answered by gunicorn before any application is asked, in English: it has no page
# of ours to show.
limit_request_line = 8190


def post_worker_init(worker):
    """The application's own objects stay as long as the process: searched for garbage again and again, they stopped a request for up to
    200 ms. And a page makes some thousands of objects, all gone with it: no need to search after every 700."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000)
