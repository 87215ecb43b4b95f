// The least a web server can do: one thread, epoll, one recv and one send for a request, a canned
// answer, nothing parsed but the blank line that ends a head. Its CPU time per request under the
// same load is the front's half of the limit that ./dev bench sets beside Howdah.
//
//   bare_epoll PORT        serves on 127.0.0.1 until it is killed
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kEvents = 256, kReadBytes = 8192 };

// As long as Howdah's own answer to hello.php, give or take a header.
static const char kAnswer[] =
    "HTTP/1.1 200 OK\r\n"
    "Server: bare\r\n"
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    "Content-Type: text/html; charset=UTF-8\r\n"
    "X-Request-ID: 0123456789ab-0123\r\n"
    "Content-Length: 13\r\n"
    "\r\n"
    "Hello, World!";

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void serve_readable(int fd) {
  char in[kReadBytes];
  ssize_t got = recv(fd, in, sizeof in, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close(fd);
    return;
  }
  // wrk sends a whole head at once and waits for the answer: one answer for each end of a head.
  for (char* at = in; (at = memmem(at, (size_t)(in + got - at), "\r\n\r\n", 4)) != NULL; at += 4) {
    if (send(fd, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL) < 0) {
      close(fd);
      return;
    }
  }
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: bare_epoll PORT\n");
    return 2;
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr*)&address, sizeof address) < 0) die("bind");
  if (listen(listener, 1024) < 0) die("listen");
  int loop = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) < 0) die("epoll");

  for (;;) {
    struct epoll_event events[kEvents];
    int ready = epoll_wait(loop, events, kEvents, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      if (events[i].data.fd != listener) {
        serve_readable(events[i].data.fd);
        continue;
      }
      int fd;
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.events = EPOLLIN;
        event.data.fd = fd;
        epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
      }
    }
  }
}
