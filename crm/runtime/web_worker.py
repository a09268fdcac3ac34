"""The web process: reads requests and sends answers beside its threads, which only ever see a whole request.

Waitress does the reading and sending in one loop, however slow the other end is; gunicorn starts, watches and stops the
processes. On top of both it has what a public server needs: deadlines for those who send a letter at a time, and a
short queue, behind which a reader is told to come back instead of waiting for a minute.
"""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer, UnixWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import RequestEntityTooLarge

from config import Settings, current_settings
from crm.file_store import is_full
from crm.runtime.shares import Shares
from crm.web.serving.host import REFUSED

HEADER_SECONDS = 10  # to send all headers
BODY_SECONDS = 20  # to begin with the body; after that it has to come at a pace
SLOWEST_BYTES = 500  # per second: what a bad telephone line does
IDLE_SECONDS = 15  # a connection without a request
HOLD_SECONDS = 0.01  # in which a process with fewer connections may take a new one
STALLED_SECONDS = 60  # an answer of which nobody has taken anything
LIGHT_PATHS = ("/static/", "/health")
LIGHT_THREADS = 2  # for these paths and for refusals, so that they never wait behind pages
QUEUE_SECONDS = 5  # beyond so long a queue, judged by what requests took lately, new ones are refused
MOST_SECONDS = 10  # a request that has waited for so long is refused: its reader has gone or presses again
USUAL_SECONDS = 0.1  # what a request takes, before we know
LONGEST_COUNTED = 2.0  # seconds; one long report says little about the next request
WEIGHT = 0.1  # of the latest request in what requests take
MOST_FILES = 4_096  # descriptors of a process; half of them for connections
HEADER_BYTES = 64 * 1024
BODY_MARGIN = 1024 * 1024  # around the largest file
MOST_OF_ONE = 256  # connections of one address that only wait; a proxy's address has no limit
BODY_SPOOL_BYTES = 64 * 1024  # of a body that comes; the rest goes to a temporary file
SPOOL_BYTES = 512 * 1024  # of an answer that stays in memory; the rest goes to a temporary file
MANY_BYTES = 256 * 1024 * 1024  # of an answer that a thread may leave behind for a slow reader

logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue is no news


class Task(WSGITask):
    """A request for the app, or for its refusal."""

    def service(self) -> None:
        """Answer, and note how long that took."""
        began = time.monotonic()
        try:
            super().service()
        finally:
            self.channel.server.task_dispatcher.note(self.request, time.monotonic() - began)

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment; a refused request says with which status."""
        environ = super().get_environment()
        environ["wsgi.multiprocess"] = True
        waited = time.monotonic() - self.request.came
        refused = self.request.refused or (503 if waited > MOST_SECONDS else 0)
        if refused:
            environ[REFUSED] = refused
        return environ


class Channel(HTTPChannel):
    """A connection that knows since when its request has been coming."""

    task_class = Task
    began = 0.0

    def received(self, data: bytes) -> bool:
        """Take what came; a body for which the disk has no room is refused."""
        before = self.request
        try:
            return super().received(data)
        except OSError as error:
            if not is_full(error):
                raise
            self._refuse(507)
            return True
        finally:
            if self.request is not before:
                self.began = time.time()

    def _refuse(self, status: int) -> None:
        """Answer the request that is coming without reading the rest of it."""
        with self.requests_lock:
            request, self.request = self.request, None
            request.completed, request.connection_close, request.refused = True, True, status
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def is_overdue(self, now: float) -> bool:
        """Return whether the other end has had its time."""
        if self.total_outbufs_len:
            return now - self.last_activity > STALLED_SECONDS
        if self.requests:
            return False
        if self.request is None:
            return now - self.last_activity > IDLE_SECONDS
        if not self.request.headers_finished:
            return now - self.began > HEADER_SECONDS
        return now - self.began > BODY_SECONDS + self.request.body_bytes_received / SLOWEST_BYTES

    @property
    def is_waiting(self) -> bool:
        """Return whether nothing is done for the other end: it is idle, or its request has not come whole."""
        return not self.requests and not self.total_outbufs_len

    @property
    def is_owed(self) -> bool:
        """Return whether somebody waits for an answer of ours, or is sending what we began to take."""
        is_coming = self.request is not None and self.request.headers_finished
        return bool(self.requests or self.total_outbufs_len or is_coming)


def address_of(channel: Channel) -> str | None:
    """Return where a connection comes from; None for a socket file, and for a proxy: its address stands for many."""
    is_direct = isinstance(channel.addr, tuple) and not current_settings().proxies
    return channel.addr[0] if is_direct else None


class Admission:
    """Gives requests to threads: pages to some, what is light to others; refuses those beyond a short queue."""

    def __init__(self, threads: int) -> None:
        self.pages, self.light = ThreadedTaskDispatcher(), ThreadedTaskDispatcher()
        self.pages.set_thread_count(threads)
        self.light.set_thread_count(LIGHT_THREADS)
        self.threads = threads
        self.usual = USUAL_SECONDS
        self.count = 0

    @property
    def queue_seconds(self) -> float:
        """Return how long a request that comes now would wait for a thread."""
        return len(self.pages.queue) * self.usual / self.threads

    def note(self, request: Any, seconds: float) -> None:
        """Learn what a request takes; those that are light or were refused say nothing about pages."""
        if not request.refused and not request.path.startswith(LIGHT_PATHS):
            self.usual += WEIGHT * (min(seconds, LONGEST_COUNTED) - self.usual)

    def add_task(self, channel: Channel) -> None:
        """Take the first request of a connection."""
        request = channel.requests[0]
        self.count += 1
        request.came = time.monotonic()
        request.refused = getattr(request, "refused", 0)
        if isinstance(request.error, RequestEntityTooLarge):
            request.error, request.refused, request.connection_close = None, 413, True
        path = getattr(request, "path", "")
        if not request.refused and not path.startswith(LIGHT_PATHS) and not request.error:
            if self.queue_seconds < QUEUE_SECONDS:
                self.pages.add_task(channel)
                return
            request.refused = 503
        self.light.add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 1) -> None:
        """End the threads that have nothing to do."""
        self.pages.shutdown(cancel_pending, timeout)
        self.light.shutdown(cancel_pending, timeout)


class Fairness:
    """Which of the web processes takes a connection: one of those that have fewest.

    All of them hear of it. One that has more than another holds back for a moment, and takes it if it is still there.
    """

    def __init__(self, shares: Shares, place: int) -> None:
        self.shares, self.place = shares, place
        self.holds_until = 0.0
        self.has_held = False

    def note(self, connections: int) -> None:
        """Tell the other processes how many connections this one has."""
        self.shares.note(self.place, connections)

    def holds_back(self, connections: int) -> bool:
        """Return whether to leave a connection that waits to the others, for now."""
        self.note(connections)
        self.has_held = not self.has_held and self.shares.has_most(self.place)
        if self.has_held:
            self.holds_until = time.monotonic() + HOLD_SECONDS
        return self.has_held

    @property
    def is_holding(self) -> bool:
        """Return whether the others have their moment."""
        return time.monotonic() < self.holds_until


class Deadlines:
    """What both kinds of server share: connections with deadlines, taken in fair shares."""

    channel_class = Channel
    active_channels: dict[int, Channel]
    fairness: Fairness | None = None

    def readable(self) -> bool:
        """Return whether to listen for connections now."""
        is_listening = super().readable()
        return is_listening and not (self.fairness and self.fairness.is_holding)

    def handle_accept(self) -> None:
        """Take a connection, unless another process should."""
        if self.fairness and self.fairness.holds_back(len(self.active_channels)):
            return
        super().handle_accept()
        if self.fairness:
            self.fairness.note(len(self.active_channels))

    def maintenance(self, now: float) -> None:
        """Close the connections whose other end has had its time, and of too many from one address the stalest."""
        waiting: dict[Any, list[Channel]] = {}
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.will_close = True
            elif channel.is_waiting:
                waiting.setdefault(address_of(channel), []).append(channel)
        for address, channels in waiting.items():
            if address is not None and len(channels) > MOST_OF_ONE:
                channels.sort(key=lambda channel: channel.last_activity)
                for channel in channels[:-MOST_OF_ONE]:
                    channel.will_close = True

    def stop_accepting(self) -> None:
        """Leave new connections to other processes."""
        self.accepting = False
        self.del_channel()


class TcpServer(Deadlines, TcpWSGIServer):
    """Listens on an address."""


class UnixServer(Deadlines, UnixWSGIServer):
    """Listens on a socket file."""


class BufferingWorker(Worker):
    """A web process of gunicorn's."""

    fairness: Fairness | None = None  # set before the fork, where there are several processes

    def run(self) -> None:
        """Serve until a stop is requested, our parent is gone, or enough requests were answered."""
        self.admission, self.map = Admission(self.cfg.threads), {}
        adjusted = adjust(current_settings())
        self.servers = [
            listen(self.wsgi, self.map, each.sock, self.admission, adjusted) for each in self.sockets
        ]
        for server in self.servers:
            server.fairness = self.fairness
        while self.alive and self.ppid == os.getppid():
            self.turn(HOLD_SECONDS if self.fairness and self.fairness.is_holding else 1.0)
            if self.admission.count >= self.max_requests:
                self.log.info("A web process has answered enough; another one takes its place.")
                self.alive = False
        self.finish()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Note that a stop was requested, and wake the loop."""
        super().handle_exit(sig, frame)
        for server in getattr(self, "servers", ()):
            server.pull_trigger()

    def turn(self, seconds: float) -> None:
        """Read and send what can be; say to gunicorn that we live, and to our neighbours how many we serve."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self.map, count=1)
        if self.fairness:
            connections = sum(len(server.active_channels) for server in self.servers)
            self.fairness.note(connections)
        self.notify()

    def finish(self) -> None:
        """Answer what has come so far, for as long as gunicorn waits for us."""
        deadline = time.monotonic() + max(self.cfg.graceful_timeout - 0.5, 0)
        for server in self.servers:
            server.stop_accepting()
        if self.fairness:
            self.fairness.shares.leave(self.fairness.place)
            self.fairness = None
        while time.monotonic() < deadline and self.owes():
            self.turn(0.1)
        self.admission.shutdown()

    def owes(self) -> bool:
        """Return whether an answer is still to be given."""
        return any(channel.is_owed for server in self.servers for channel in server.active_channels.values())


def listen(
    app: Any, places: dict, sock: socket.socket, admission: Admission, adjusted: Adjustments
) -> TcpServer | UnixServer:
    """Take connections from a socket that gunicorn has opened."""
    kind = UnixServer if sock.family == socket.AF_UNIX else TcpServer
    about = (sock.family, sock.type, sock.proto, sock.getsockname())
    given = {"dispatcher": admission, "adj": adjusted, "bind_socket": False, "sockinfo": about}
    return kind(app, places, True, sock, **given)


def adjust(settings: Settings) -> Adjustments:
    """Return waitress's settings; the headers of proxies are left to the app, which knows how many there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
    return Adjustments(
        clear_untrusted_proxy_headers=False,
        connection_limit=files // 2,
        cleanup_interval=1,
        ident="Koine",
        server_name=settings.bind,
        log_socket_errors=False,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=settings.largest_upload_mb * 1024 * 1024 + BODY_MARGIN,
        inbuf_overflow=BODY_SPOOL_BYTES,
        outbuf_overflow=SPOOL_BYTES,
        outbuf_high_watermark=MANY_BYTES,
        asyncore_use_poll=True,
    )
