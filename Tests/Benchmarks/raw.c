/* libssh2's own SFTP client as a reference for the benchmarks: one connection, one thread, no Scout.
 *
 * With LANES and SECONDS it reads one file again and again on so many SFTP channels ("lanes") side by side, each read being open, fstat,
 * read and close, one after the other, as libssh2's interface has them. Without, it reads the file once from one end to the other.
 * Prints one line of JSON. Started by bench.py.
 *
 * Usage: raw ADDRESS PORT USER PRIVATE-KEY-FILE PATH [LANES SECONDS]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_LANES = 10, BUFFER = 32768, WHOLE_BUFFER = 1 << 20 };

enum step { OPENING, ASKING, READING, CLOSING };

struct lane {
  LIBSSH2_SFTP *sftp;
  LIBSSH2_SFTP_HANDLE *file;
  enum step step;
};

static void die(const char *what) {
  fprintf(stderr, "raw: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

/* All of it: what libssh2 has to send again must be given to it in the same way, and lanes take turns. */
static ssize_t send_all(int fd, const void *bytes, size_t count, int flags, void **abstract) {
  size_t sent = 0;
  (void)abstract;
  while (sent < count) {
    ssize_t step = send(fd, (const char *)bytes + sent, count - sent, flags);
    if (step < 0 && errno != EAGAIN) return -errno;
    if (step > 0) sent += step;
    else poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
  }
  return (ssize_t)count;
}

/* One call to libssh2; returns whether the lane came forward. */
static int advance(struct lane *lane, LIBSSH2_SESSION *session, const char *path, long *count) {
  static char buffer[BUFFER];
  LIBSSH2_SFTP_ATTRIBUTES attributes;
  ssize_t got;
  int result;
  switch (lane->step) {
  case OPENING:
    lane->file = libssh2_sftp_open(lane->sftp, path, LIBSSH2_FXF_READ, 0);
    if (lane->file == NULL) {
      if (libssh2_session_last_errno(session) != LIBSSH2_ERROR_EAGAIN) die("the file cannot be opened");
      return 0;
    }
    lane->step = ASKING;
    return 1;
  case ASKING:
    result = libssh2_sftp_fstat(lane->file, &attributes);
    if (result == LIBSSH2_ERROR_EAGAIN) return 0;
    if (result != 0) die("fstat failed");
    lane->step = READING;
    return 1;
  case READING:
    got = libssh2_sftp_read(lane->file, buffer, BUFFER);
    if (got == LIBSSH2_ERROR_EAGAIN) return 0;
    if (got <= 0) die("nothing could be read");
    lane->step = CLOSING;
    return 1;
  case CLOSING:
    result = libssh2_sftp_close(lane->file);
    if (result == LIBSSH2_ERROR_EAGAIN) return 0;
    if (result != 0) die("close failed");
    lane->step = OPENING;
    *count += 1;
    return 1;
  }
  return 0;
}

static LIBSSH2_SESSION *connected(char **arguments, int *fd) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  int yes = 1;
  if (inet_pton(AF_INET, arguments[0], &address.sin_addr) != 1) die("ADDRESS is no IPv4 address");
  *fd = socket(AF_INET, SOCK_STREAM, 0);
  if (*fd < 0 || connect(*fd, (struct sockaddr *)&address, sizeof address) != 0) die("cannot connect");
  setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (libssh2_init(0) != 0) die("libssh2 does not start");
  LIBSSH2_SESSION *session = libssh2_session_init();
  if (session == NULL) die("no session");
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send_all);
  /* What Scout offers; libssh2 has GCM from 1.11 on, and wants it in both directions. */
  for (int way = 0; way < 2; way++) {
    libssh2_session_method_pref(session, way ? LIBSSH2_METHOD_CRYPT_SC : LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes128-gcm@openssh.com");
    libssh2_session_method_pref(session, way ? LIBSSH2_METHOD_MAC_SC : LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256-etm@openssh.com,hmac-sha2-256");
  }
  if (libssh2_session_handshake(session, *fd) != 0) die("no handshake");
  if (libssh2_userauth_publickey_fromfile(session, arguments[2], NULL, arguments[3], NULL) != 0) die("not authenticated");
  return session;
}

static void read_whole(LIBSSH2_SESSION *session, const char *path) {
  static char buffer[WHOLE_BUFFER];
  LIBSSH2_SFTP *sftp = libssh2_sftp_init(session);
  if (sftp == NULL) die("no SFTP channel");
  double start = now(), bytes = 0;
  LIBSSH2_SFTP_HANDLE *file = libssh2_sftp_open(sftp, path, LIBSSH2_FXF_READ, 0);
  if (file == NULL) die("the file cannot be opened");
  ssize_t got;
  while ((got = libssh2_sftp_read(file, buffer, sizeof buffer)) > 0) bytes += got;
  if (got < 0) die("the file cannot be read");
  printf("{\"megabytes_per_second\": %.1f}\n", bytes / (1 << 20) / (now() - start));
}

static void read_often(LIBSSH2_SESSION *session, int fd, const char *path, int lane_count, double seconds) {
  struct lane lanes[MOST_LANES];
  long count = 0;
  if (lane_count < 1 || lane_count > MOST_LANES) die("LANES is 1 to 10");
  for (int i = 0; i < lane_count; i++) {
    lanes[i] = (struct lane){.sftp = libssh2_sftp_init(session), .step = OPENING};
    if (lanes[i].sftp == NULL) die("no SFTP channel");
  }
  libssh2_session_set_blocking(session, 0);

  double start = now(), end = start + seconds;
  while (now() < end) {
    int came_forward = 0;
    for (int i = 0; i < lane_count; i++) {
      while (advance(&lanes[i], session, path, &count)) came_forward = 1;
    }
    if (!came_forward) poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 100);
  }
  printf("{\"lanes\": %d, \"per_second\": %.1f}\n", lane_count, count / (now() - start));
}

int main(int argc, char **argv) {
  int fd;
  if (argc != 6 && argc != 8) die("usage: raw ADDRESS PORT USER PRIVATE-KEY-FILE PATH [LANES SECONDS]");
  LIBSSH2_SESSION *session = connected(argv + 1, &fd);
  if (argc == 6) read_whole(session, argv[5]);
  else read_often(session, fd, argv[5], atoi(argv[6]), atof(argv[7]));
  fflush(stdout);
  _exit(0);
}
