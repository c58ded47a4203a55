// What Swift sees of libssh2 (1.10 or newer): its own headers, and what Swift cannot write itself.
//
// libssh2 1.10 asserts that an encrypted packet is a whole number of cipher blocks (transport.c, decrypt). The length comes
// from the network before any check of its integrity or of the host's key, so whoever answers, or stands in between, could
// end this process. Every call that takes bytes in therefore goes through a function below, which turns a failed assertion
// into a return value: the session is then lost, and only that. abort(3) may be left by a jump out of SIGABRT's handler;
// the jump leaves frames of libssh2 and the C library alone, never of Swift.
#include <libssh2.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#define SCOUT_ASSERTED (-4000)

typedef struct {
  jmp_buf environment;
  pthread_key_t key;
} scout_guard;

typedef struct {
  // A thread's guarded call hangs on it.
  pthread_key_t key;
  struct sigaction previous;
} scout_guard_state;

// Within a function, because Swift's importer leaves out variables of a header.
static inline __attribute__((noinline)) scout_guard_state *scout_guard_shared(void) {
  static scout_guard_state state;
  return &state;
}

static inline void scout_on_abort(int number) {
  scout_guard_state *state = scout_guard_shared();
  scout_guard *current = (scout_guard *)pthread_getspecific(state->key);
  if (current) longjmp(current->environment, 1);
  // Somebody else's: what would have happened without us.
  sigaction(SIGABRT, &state->previous, NULL);
  raise(number);
}

// Once, from one place. 0, or what pthread_key_create(3) or sigaction(2) return.
static inline int scout_guard_install(pthread_key_t *key) {
  scout_guard_state *state = scout_guard_shared();
  int result = pthread_key_create(&state->key, NULL);
  if (result) return result;
  *key = state->key;
  struct sigaction action = {0};
  action.sa_handler = scout_on_abort;
  // The signal is not blocked in the handler, so a jump out of it leaves no mask behind.
  action.sa_flags = SA_NODEFER;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGABRT, &action, &state->previous);
}

// NULL without memory. To be freed with free(3).
static inline void *scout_guard_new(pthread_key_t key) {
  scout_guard *guard = (scout_guard *)calloc(1, sizeof(scout_guard));
  if (guard) guard->key = key;
  return guard;
}

#define SCOUT_GUARDED(result, call) \
  scout_guard *const own = (scout_guard *)guard; \
  if (_setjmp(own->environment)) { \
    pthread_setspecific(own->key, NULL); \
    return SCOUT_ASSERTED; \
  } \
  pthread_setspecific(own->key, own); \
  result = call; \
  pthread_setspecific(own->key, NULL);

static inline __attribute__((noinline)) int scout_session_handshake(void *guard, LIBSSH2_SESSION *session, int socket) {
  int result;
  SCOUT_GUARDED(result, libssh2_session_handshake(session, socket))
  return result;
}

static inline __attribute__((noinline)) int scout_session_free(void *guard, LIBSSH2_SESSION *session) {
  int result;
  SCOUT_GUARDED(result, libssh2_session_free(session))
  return result;
}

static inline __attribute__((noinline)) int scout_session_disconnect(void *guard, LIBSSH2_SESSION *session) {
  int result;
  SCOUT_GUARDED(result, libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "done", ""))
  return result;
}

static inline __attribute__((noinline)) int scout_keepalive_send(void *guard, LIBSSH2_SESSION *session, int *next) {
  int result;
  SCOUT_GUARDED(result, libssh2_keepalive_send(session, next))
  return result;
}

static inline __attribute__((noinline)) int scout_userauth_list(
    void *guard, LIBSSH2_SESSION *session, const char *user, unsigned int length, char **list) {
  SCOUT_GUARDED(*list, libssh2_userauth_list(session, user, length))
  return 0;
}

static inline __attribute__((noinline)) int scout_userauth_private_key(
    void *guard, LIBSSH2_SESSION *session, const char *user, size_t length, const char *public_key,
    size_t public_length, const char *key, size_t key_length, const char *passphrase) {
  int result;
  SCOUT_GUARDED(
      result,
      libssh2_userauth_publickey_frommemory(
          session, user, length, public_key, public_length, key, key_length, passphrase))
  return result;
}

static inline __attribute__((noinline)) int scout_userauth_public_key(
    void *guard, LIBSSH2_SESSION *session, const char *user, const unsigned char *key, size_t key_length,
    LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC((*sign))) {
  int result;
  SCOUT_GUARDED(
      result, libssh2_userauth_publickey(session, user, key, key_length, sign, libssh2_session_abstract(session)))
  return result;
}

static inline __attribute__((noinline)) int scout_userauth_password(
    void *guard, LIBSSH2_SESSION *session, const char *user, unsigned int length, const char *password,
    unsigned int password_length) {
  int result;
  SCOUT_GUARDED(result, libssh2_userauth_password_ex(session, user, length, password, password_length, NULL))
  return result;
}

static inline __attribute__((noinline)) int scout_userauth_interactive(
    void *guard, LIBSSH2_SESSION *session, const char *user, unsigned int length,
    LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC((*answer))) {
  int result;
  SCOUT_GUARDED(result, libssh2_userauth_keyboard_interactive_ex(session, user, length, answer))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_open(
    void *guard, LIBSSH2_SESSION *session, unsigned int window, LIBSSH2_CHANNEL **channel) {
  SCOUT_GUARDED(
      *channel,
      libssh2_channel_open_ex(session, "session", 7, window, LIBSSH2_CHANNEL_PACKET_DEFAULT, NULL, 0))
  return 0;
}

static inline __attribute__((noinline)) int scout_channel_direct(
    void *guard, LIBSSH2_SESSION *session, const char *host, int port, LIBSSH2_CHANNEL **channel) {
  SCOUT_GUARDED(*channel, libssh2_channel_direct_tcpip_ex(session, host, port, "127.0.0.1", 0))
  return 0;
}

static inline __attribute__((noinline)) int scout_channel_startup(
    void *guard, LIBSSH2_CHANNEL *channel, const char *request, unsigned int request_length, const char *message,
    unsigned int message_length) {
  int result;
  SCOUT_GUARDED(
      result, libssh2_channel_process_startup(channel, request, request_length, message, message_length))
  return result;
}

static inline __attribute__((noinline)) ssize_t scout_channel_read(
    void *guard, LIBSSH2_CHANNEL *channel, int stream, char *buffer, size_t length) {
  ssize_t result;
  SCOUT_GUARDED(result, libssh2_channel_read_ex(channel, stream, buffer, length))
  return result;
}

static inline __attribute__((noinline)) ssize_t scout_channel_write(
    void *guard, LIBSSH2_CHANNEL *channel, const char *bytes, size_t length) {
  ssize_t result;
  SCOUT_GUARDED(result, libssh2_channel_write_ex(channel, 0, bytes, length))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_send_eof(void *guard, LIBSSH2_CHANNEL *channel) {
  int result;
  SCOUT_GUARDED(result, libssh2_channel_send_eof(channel))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_adjust(
    void *guard, LIBSSH2_CHANNEL *channel, unsigned long adjustment) {
  int result;
  SCOUT_GUARDED(result, libssh2_channel_receive_window_adjust2(channel, adjustment, 1, NULL))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_wait_closed(void *guard, LIBSSH2_CHANNEL *channel) {
  int result;
  SCOUT_GUARDED(result, libssh2_channel_wait_closed(channel))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_close(void *guard, LIBSSH2_CHANNEL *channel) {
  int result;
  SCOUT_GUARDED(result, libssh2_channel_close(channel))
  return result;
}

static inline __attribute__((noinline)) int scout_channel_free(void *guard, LIBSSH2_CHANNEL *channel) {
  int result;
  SCOUT_GUARDED(result, libssh2_channel_free(channel))
  return result;
}
